namespace Mirror.Media.Bits;

/// <summary>Raw byte sequence payloads: NAL units without their emulation prevention bytes (H.264 §7.4.1, H.265 §7.4.2).</summary>
/// <remarks>For reading headers. Samples keep their bytes as they came, but for AV1, which files hold without such bytes.</remarks>
public static class Rbsp
{
    private static ReadOnlySpan<byte> EmulationPrevention => [0, 0, 3];

    /// <summary>Copies <paramref name="nalUnit"/> without each 03 that follows 00 00, until either side ends.</summary>
    /// <returns>The part of <paramref name="destination"/> that was filled.</returns>
    public static ReadOnlySpan<byte> Unescape(ReadOnlySpan<byte> nalUnit, Span<byte> destination)
    {
        // At most one byte in three goes: what lies further back cannot fit, and need not be searched.
        nalUnit = nalUnit[..(int)Math.Min(nalUnit.Length, destination.Length * 3L / 2 + EmulationPrevention.Length)];
        int written = 0;
        while (true)
        {
            int found = nalUnit.IndexOf(EmulationPrevention);
            ReadOnlySpan<byte> block = found < 0 ? nalUnit : nalUnit[..(found + EmulationPrevention.Length - 1)];
            block = block[..Math.Min(block.Length, destination.Length - written)];
            block.CopyTo(destination[written..]);
            written += block.Length;
            if (found < 0 || written == destination.Length) { return destination[..written]; }
            nalUnit = nalUnit[(found + EmulationPrevention.Length)..];
        }
    }
}
