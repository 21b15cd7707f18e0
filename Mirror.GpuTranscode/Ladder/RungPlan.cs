using Mirror.Media.Frames;

namespace Mirror.GpuTranscode.Ladder;

/// <summary>One encoded rendition, worked out for one source format: what an encoder is opened with. Plain values, which travel to a worker as JSON.</summary>
internal sealed record RungPlan
{
    /// <summary>The rendition's name, such as <c>360p</c>.</summary>
    public required string Name { get; init; }

    /// <summary>What it is encoded to.</summary>
    public RungCodec Codec { get; init; }

    /// <summary>Width in luma samples; even. Samples are square.</summary>
    public required int Width { get; init; }

    /// <summary>Height in luma samples; even.</summary>
    public required int Height { get; init; }

    /// <summary>Frames per second at most; unknown leaves the source's.</summary>
    public Rational LargestFrameRate { get; init; } = Rational.Unknown;

    /// <summary>Aimed bit rate, in bit/s.</summary>
    public required long Bitrate { get; init; }

    /// <summary>Highest bit rate over <see cref="BufferSize"/>, in bit/s.</summary>
    public required long PeakBitrate { get; init; }

    /// <summary>Size of the decoder's buffer model, in bits.</summary>
    public required long BufferSize { get; init; }

    /// <summary>The encoder's preset: speed against quality, in x264's words.</summary>
    public required string Preset { get; init; }

    /// <summary>Profile, such as <c>high</c>.</summary>
    public required string Profile { get; init; }

    /// <summary>Longest distance of key frames within a segment; zero leaves just the one at its start.</summary>
    public TimeSpan KeyFrameInterval { get; init; }

    /// <summary>B-frames in a row at most. Each costs a frame's time.</summary>
    public int BFrames { get; init; }

    /// <summary>Reference frames.</summary>
    public required int References { get; init; }
}

/// <summary>What a rung is encoded to.</summary>
internal enum RungCodec
{
    /// <summary>H.264.</summary>
    H264,

    /// <summary>HEVC.</summary>
    H265,

    /// <summary>AV1.</summary>
    Av1,
}
