using Mirror.Media.Codecs.H265;

namespace Mirror.Media.Codecs.Captions;

/// <summary>Writes captions as an SEI NAL unit of H.265 (§7.3.2.4, §D.2.6), for encoders that cannot.</summary>
public static class CaptionSei
{
    /// <summary>Largest unit, in bytes.</summary>
    public const int LargestUnit = 256;

    private const byte MarkerBits = 0xFF;
    private const byte TrailingBits = 0x80;

    private static ReadOnlySpan<byte> UnitHeader => [(byte)H265NalUnitType.PrefixSei << 1, 1, SeiReader.RegisteredUserData];

    private static ReadOnlySpan<byte> MessageHeader => [0xB5, 0x00, 0x31, (byte)'G', (byte)'A', (byte)'9', (byte)'4', 3];

    /// <summary>Writes one NAL unit, without length or start code.</summary>
    /// <param name="triplets">Triplets of one frame; those after <see cref="CaptionData.MostTriplets"/> are dropped.</param>
    /// <param name="output">At least <see cref="LargestUnit"/> bytes.</param>
    /// <returns>Number of bytes written.</returns>
    public static int Write(ReadOnlySpan<byte> triplets, Span<byte> output)
    {
        int count = Math.Min(CaptionData.MostTriplets, triplets.Length / CaptionData.TripletLength);
        triplets = triplets[..(count * CaptionData.TripletLength)];

        UnitHeader.CopyTo(output);
        int written = UnitHeader.Length;
        output[written++] = (byte)(MessageHeader.Length + 2 + triplets.Length + 1);

        int zeros = 0;
        Put(MessageHeader, output, ref written, ref zeros);
        Put([(byte)(0xC0 | count), 0xFF], output, ref written, ref zeros);
        Put(triplets, output, ref written, ref zeros);
        Put([MarkerBits, TrailingBits], output, ref written, ref zeros);
        return written;
    }

    /// <summary>Copies bytes and adds emulation prevention bytes (§7.4.2).</summary>
    private static void Put(ReadOnlySpan<byte> bytes, Span<byte> output, ref int written, ref int zeros)
    {
        foreach (byte value in bytes)
        {
            if (zeros == 2 && value <= 3)
            {
                output[written++] = 3;
                zeros = 0;
            }
            output[written++] = value;
            zeros = value == 0 ? zeros + 1 : 0;
        }
    }
}
