namespace Mirror.GpuTranscode.FFmpeg;

/// <summary>What is known of a source picture on its way through decoder, filters and encoders, which carry no more than its presentation time.</summary>
internal readonly record struct SourcePicture
{
    /// <inheritdoc cref="SourceUnit.Timeline"/>
    public required int Timeline { get; init; }

    /// <inheritdoc cref="SourceUnit.Pts90k"/>
    public required long Pts90k { get; init; }

    /// <inheritdoc cref="SourceUnit.ReceivedTimestamp"/>
    public required long ReceivedTimestamp { get; init; }

    /// <summary>When it was handed to the decoder, in ticks of <see cref="System.Diagnostics.Stopwatch"/>.</summary>
    public required long DecodeTimestamp { get; init; }

    /// <summary>Every rung encodes it as an IDR picture.</summary>
    public required bool StartsSegment { get; init; }

    /// <summary>Rungs that encode it, a bit each.</summary>
    public ulong Rungs { get; init; }
}
