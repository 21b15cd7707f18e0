using System.Buffers.Binary;

namespace Mirror.Media.Codecs.Captions;

/// <summary>Reads the captions of one frame from its user data (ATSC A/53 Part 4 §6.2.3, ANSI/CTA-708 §4.3).</summary>
public static class CaptionData
{   //  country(8) provider(16) identifier(32) | user_data_type_code(8) | em(1) cc(1) add(1) cc_count(5) | em_data(8)
    //  | { marker(5) cc_valid(1) cc_type(2) | cc_data(16) } × cc_count | FF

    /// <summary>Bytes of one triplet: its type, and two bytes of captions.</summary>
    public const int TripletLength = 3;

    /// <summary>Most triplets in one message: cc_count has five bits.</summary>
    public const int MostTriplets = 31;

    private const byte CountryUnitedStates = 0xB5;
    private const ushort ProviderAtsc = 0x0031;
    private const byte CaptionType = 3;
    private const byte ProcessCaptions = 0x40;
    private const byte CountMask = 0x1F;
    private const int HeaderLength = 10;

    /// <summary>ATSC_identifier. None of its bytes can be an emulation prevention byte.</summary>
    public static ReadOnlySpan<byte> Identifier => "GA94"u8;

    /// <summary>Reads an SEI message user_data_registered_itu_t_t35.</summary>
    /// <param name="message">Payload of the message.</param>
    /// <param name="triplets">Whole triplets. A truncated message has fewer than it announces.</param>
    /// <returns><see langword="false"/> if the message carries no captions.</returns>
    public static bool TryRead(ReadOnlySpan<byte> message, out ReadOnlySpan<byte> triplets)
    {
        triplets = default;
        if (message.Length < HeaderLength || message[0] != CountryUnitedStates) { return false; }
        if (BinaryPrimitives.ReadUInt16BigEndian(message[1..]) != ProviderAtsc) { return false; }
        if (!message[3..].StartsWith(Identifier) || message[7] != CaptionType) { return false; }
        if ((message[8] & ProcessCaptions) == 0) { return false; }

        int count = Math.Min(message[8] & CountMask, (message.Length - HeaderLength) / TripletLength);
        triplets = message.Slice(HeaderLength, count * TripletLength);
        return true;
    }
}
