namespace Mirror.GpuTranscode.FFmpeg;

/// <summary>One encoded audio frame. Borrows its bytes for the call.</summary>
internal readonly ref struct EncodedAudio
{
    /// <summary>That of the source.</summary>
    public required int Timeline { get; init; }

    /// <summary>Presentation time in samples: 90 kHz ticks of the source's timeline, converted. Frames follow one another without a rounding.</summary>
    public required long Pts { get; init; }

    /// <summary>That of the source frame that completed it.</summary>
    public long ReceivedTimestamp { get; init; }

    /// <summary>A raw data block of AAC, without ADTS.</summary>
    public required ReadOnlySpan<byte> Payload { get; init; }
}
