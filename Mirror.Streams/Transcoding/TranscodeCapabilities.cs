namespace Mirror.Streams.Transcoding;

/// <summary>What a transcode node can do.</summary>
public sealed record TranscodeCapabilities
{
    /// <summary>Whether FFmpeg's libraries are there and of the version that Mirror knows.</summary>
    public required bool IsAvailable { get; init; }

    /// <summary>Why not, in a sentence with the way out.</summary>
    public string? Reason { get; init; }

    /// <summary>Version of libavcodec, such as <c>59.37.100</c>.</summary>
    public string? LibavcodecVersion { get; init; }

    /// <summary>Decoders that opened, on the CPU: <c>h264</c>, <c>hevc</c>, <c>av1</c> (libdav1d), <c>mpeg2video</c>, <c>aac</c>…</summary>
    public IReadOnlyList<string> Decoders { get; init; } = [];

    /// <summary>Encoders that opened and encoded frames, on the CPU, such as <c>libx264</c>.</summary>
    public IReadOnlyList<string> Encoders { get; init; } = [];

    /// <summary>The GPUs found.</summary>
    public IReadOnlyList<GpuCapabilities> Gpus { get; init; } = [];

    /// <summary>Why there is none, in a sentence.</summary>
    public string? GpuReason { get; init; }

    /// <summary>Processor cores that this node may use.</summary>
    public int Cores { get; init; }

    /// <summary>Cores that its streams use now, as measured.</summary>
    public double CoresInUse { get; init; }

    /// <summary>Streams being transcoded now.</summary>
    public int Streams { get; init; }
}

/// <summary>One GPU.</summary>
/// <param name="Index">CUDA's index.</param>
/// <param name="Decoders">Codecs that NVDEC decoded a picture of.</param>
/// <param name="Encoders">NVENC encoders that encoded frames; none on A100, H100 and H200.</param>
/// <param name="SessionsInUse">Renditions being encoded on it.</param>
/// <param name="Reason">Why it is not used, where it is not.</param>
public sealed record GpuCapabilities(int Index, IReadOnlyList<string> Decoders, IReadOnlyList<string> Encoders, int SessionsInUse, string? Reason);
