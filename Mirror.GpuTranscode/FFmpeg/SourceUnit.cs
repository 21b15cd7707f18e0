namespace Mirror.GpuTranscode.FFmpeg;

/// <summary>One coded picture of the source, in decoding order. Borrows its bytes.</summary>
internal readonly ref struct SourceUnit
{
    /// <summary>Numbers timelines: presentation times compare within one only.</summary>
    public required int Timeline { get; init; }

    /// <summary>Presentation time in 90 kHz ticks.</summary>
    public required long Pts90k { get; init; }

    /// <summary>Decoding time in 90 kHz ticks.</summary>
    public required long Dts90k { get; init; }

    /// <summary>Every rendition starts a segment with this picture, so every encoder makes an IDR picture of it.</summary>
    public bool StartsSegment { get; init; }

    /// <summary>When its last byte arrived, in ticks of the monotonic clock; carried along to measure latency.</summary>
    public long ReceivedTimestamp { get; init; }

    /// <summary>As <see cref="Mirror.Media.Frames.AccessUnit.Payload"/>: length-prefixed NAL units.</summary>
    public required ReadOnlySpan<byte> Payload { get; init; }
}
