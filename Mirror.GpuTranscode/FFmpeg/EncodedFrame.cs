namespace Mirror.GpuTranscode.FFmpeg;

/// <summary>One encoded picture of one rung, in decoding order. Borrows its bytes for the call.</summary>
internal readonly ref struct EncodedFrame
{
    /// <summary>That of the source picture.</summary>
    public required int Timeline { get; init; }

    /// <summary>Presentation time in 90 kHz ticks: exactly that of the source picture.</summary>
    public required long Pts90k { get; init; }

    /// <summary>Decoding time in 90 kHz ticks; equal to <see cref="Pts90k"/> where there are no B-frames.</summary>
    public required long Dts90k { get; init; }

    /// <summary>An IDR picture.</summary>
    public bool IsKey { get; init; }

    /// <summary>That of the source picture.</summary>
    public long ReceivedTimestamp { get; init; }

    /// <summary>Length-prefixed NAL units (4 bytes each), without parameter sets, delimiters and filler; AV1: a temporal unit without its delimiter.</summary>
    public required ReadOnlySpan<byte> Payload { get; init; }
}
