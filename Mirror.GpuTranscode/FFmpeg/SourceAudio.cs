namespace Mirror.GpuTranscode.FFmpeg;

/// <summary>One audio frame of the source. Borrows its bytes.</summary>
internal readonly ref struct SourceAudio
{
    /// <summary>Numbers timelines: presentation times compare within one only.</summary>
    public required int Timeline { get; init; }

    /// <summary>Presentation time in 90 kHz ticks.</summary>
    public required long Pts90k { get; init; }

    /// <summary>When its last byte arrived, in ticks of the monotonic clock; carried along to measure latency.</summary>
    public long ReceivedTimestamp { get; init; }

    /// <summary>As <see cref="Mirror.Media.Frames.AccessUnit.Payload"/>.</summary>
    public required ReadOnlySpan<byte> Payload { get; init; }
}
