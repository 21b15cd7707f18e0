namespace Mirror.Media.Bits;

/// <summary>The start code prefix 00 00 01 of Annex B byte streams (H.264 and H.265 Annex B) and of PES packets.</summary>
public static class StartCode
{
    /// <summary>Bytes of the prefix, without the zero_byte that may stand before it.</summary>
    public const int Length = 3;

    /// <summary>Where the first prefix starts, or -1.</summary>
    /// <remarks>The runtime's search compares whole vectors for the 00 and the 01 at once; media has few false candidates.</remarks>
    public static int IndexOf(ReadOnlySpan<byte> bytes) => bytes.IndexOf((ReadOnlySpan<byte>)[0, 0, 1]);
}
