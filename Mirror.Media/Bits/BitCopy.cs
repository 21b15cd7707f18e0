namespace Mirror.Media.Bits;

/// <summary>Copies bits that do not start on a byte boundary, as LATM payloads do.</summary>
public static class BitCopy
{
    /// <summary>Fills <paramref name="destination"/> with the bits of <paramref name="source"/> from <paramref name="position"/> on.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The source ends before the destination is full.</exception>
    public static void Copy(ReadOnlySpan<byte> source, long position, Span<byte> destination)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(position);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(position, (source.Length - (long)destination.Length) * 8L);
        int shift = (int)(position & 7);
        ReadOnlySpan<byte> from = source[(int)(position >> 3)..];
        if (shift == 0)
        {
            from[..destination.Length].CopyTo(destination);
            return;
        }
        for (int i = 0; i < destination.Length; i++) { destination[i] = (byte)((from[i] << shift) | (from[i + 1] >> (8 - shift))); }
    }

    /// <summary>A copy of <paramref name="count"/> bits from <paramref name="position"/> on, the last byte filled with zeros.</summary>
    internal static byte[] Slice(ReadOnlySpan<byte> source, long position, int count)
    {
        var bytes = new byte[(count + 7) / 8];
        var reader = new BitReader(source);
        reader.Skip(position);
        for (int i = 0; i < bytes.Length; i++)
        {
            int bits = Math.Min(8, count - 8 * i);
            bytes[i] = (byte)(reader.ReadBits(bits) << (8 - bits));
        }
        return bytes;
    }
}
