using System.Buffers.Binary;

namespace Mirror.Media.Codecs.Opus;

/// <summary>The header before each Opus packet in a transport stream (opus_control_header of Opus in MPEG-2 TS).</summary>
public readonly record struct OpusControlHeader
{   //  0x3FF(11) start_trim(1) end_trim(1) extension(1) reserved(2) | au_size: 255 … < 255 | start_trim(16)? end_trim(16)? length(8) extension?

    private const int FixedLength = 2;

    /// <summary>Bytes of the header; the packet follows.</summary>
    public int Length { get; private init; }

    /// <summary>Bytes of the packet.</summary>
    public int PacketLength { get; private init; }

    /// <summary>Samples at 48 kHz to drop from the start of the decoded packet.</summary>
    public int StartTrim { get; private init; }

    /// <summary>Samples at 48 kHz to drop from its end.</summary>
    public int EndTrim { get; private init; }

    /// <summary>Whether <paramref name="bytes"/> start with the header's sync word.</summary>
    public static bool IsAt(ReadOnlySpan<byte> bytes) => bytes.Length >= FixedLength && bytes[0] == 0x7F && (bytes[1] & 0xE0) == 0xE0;

    /// <summary>Reads the header at the start of <paramref name="bytes"/>.</summary>
    /// <returns><see langword="false"/> when there is no sync word or the header is cut short.</returns>
    public static bool TryParse(ReadOnlySpan<byte> bytes, out OpusControlHeader header)
    {
        header = default;
        if (!IsAt(bytes)) { return false; }
        int position = FixedLength;
        int packetLength = 0;
        byte size = 255;
        while (size == 255)
        {
            if (position >= bytes.Length) { return false; }
            size = bytes[position++];
            packetLength += size;
        }
        int startTrim = 0;
        int endTrim = 0;
        if ((bytes[1] & 0x10) != 0 && !TryReadTrim(bytes, ref position, out startTrim)) { return false; }
        if ((bytes[1] & 0x08) != 0 && !TryReadTrim(bytes, ref position, out endTrim)) { return false; }
        if ((bytes[1] & 0x04) != 0)
        {
            if (position >= bytes.Length) { return false; }
            position += 1 + bytes[position];
        }
        if (position > bytes.Length) { return false; }
        header = new OpusControlHeader { Length = position, PacketLength = packetLength, StartTrim = startTrim, EndTrim = endTrim };
        return true;
    }

    private static bool TryReadTrim(ReadOnlySpan<byte> bytes, ref int position, out int trim)
    {
        trim = 0;
        if (position + 2 > bytes.Length) { return false; }
        trim = BinaryPrimitives.ReadUInt16BigEndian(bytes[position..]) & 0x1FFF;
        position += 2;
        return true;
    }
}
