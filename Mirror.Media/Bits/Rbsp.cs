namespace Mirror.Media.Bits;

/// <summary>Raw byte sequence payloads: NAL units without their emulation prevention bytes (H.264 §7.4.1, H.265 §7.4.2).</summary>
/// <remarks>For reading headers only. Samples keep their bytes as they came.</remarks>
public static class Rbsp
{
    /// <summary>Copies <paramref name="nalUnit"/> without each 03 that follows 00 00, until either side ends.</summary>
    /// <returns>The part of <paramref name="destination"/> that was filled.</returns>
    public static ReadOnlySpan<byte> Unescape(ReadOnlySpan<byte> nalUnit, Span<byte> destination)
    {
        int written = 0;
        int zeros = 0;
        foreach (byte value in nalUnit)
        {
            if (zeros >= 2 && value == 3)
            {
                zeros = 0;
                continue;
            }
            if (written == destination.Length) { break; }
            zeros = value == 0 ? zeros + 1 : 0;
            destination[written++] = value;
        }
        return destination[..written];
    }
}
