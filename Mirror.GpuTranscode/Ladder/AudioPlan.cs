namespace Mirror.GpuTranscode.Ladder;

/// <summary>The encoded sound of a stream, which all its encoded pictures share: AAC-LC. Plain values, which travel to a worker as JSON.</summary>
internal sealed record AudioPlan
{
    /// <summary>Samples of one AAC-LC frame (ISO/IEC 14496-3 §4.5.2.1).</summary>
    public const int FrameSamples = 1024;

    /// <summary>Aimed bit rate, in bit/s.</summary>
    public required int Bitrate { get; init; }

    /// <summary>Channels: 1 or 2.</summary>
    public required int Channels { get; init; }

    /// <summary>Samples per second.</summary>
    public required int SampleRate { get; init; }
}
