namespace Mirror.Media.Cmaf;

/// <summary>One sample of a track fragment run (ISO/IEC 14496-12 §8.8.8).</summary>
/// <param name="Size">Bytes.</param>
/// <param name="Duration">Ticks of the track's timescale until the next sample is decoded.</param>
/// <param name="CompositionOffset">Presentation less decoding time, in ticks; may be negative (version 1).</param>
/// <param name="Flags">See <see cref="SampleFlags"/>.</param>
public readonly record struct Sample(int Size, uint Duration, int CompositionOffset, uint Flags);

/// <summary>Sample flags (ISO/IEC 14496-12 §8.8.3.1): is_leading, sample_depends_on, sample_is_depended_on, sample_is_non_sync_sample.</summary>
public static class SampleFlags
{
    /// <summary>A sync sample: decodable on its own, and so is what follows.</summary>
    public const uint Sync = 0x0200_0000;

    /// <summary>Depends on others; whether others depend on it is not known.</summary>
    public const uint NonSync = 0x0101_0000;

    /// <summary>Depends on others, and no other depends on it.</summary>
    public const uint Disposable = 0x0181_0000;

    /// <summary>Intra-coded, but samples after it may depend on samples before it.</summary>
    public const uint IntraNonSync = 0x0201_0000;
}
