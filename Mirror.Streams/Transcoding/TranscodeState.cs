namespace Mirror.Streams.Transcoding;

/// <summary>How one stream's encoded renditions are doing: an immutable snapshot.</summary>
public sealed record TranscodeState
{
    /// <summary>Whether some of the ladder's rungs that suit the source are not being made, or not in time.</summary>
    public required bool IsDegraded { get; init; }

    /// <summary>Why not, in a sentence.</summary>
    public string? Reason { get; init; }

    /// <summary>Where it is done: <c>cpu</c>, <c>gpu</c> (decoded, scaled and encoded there) or <c>gpu+cpu</c> (encoded on the CPU).</summary>
    public string? Device { get; init; }

    /// <summary>The node of a cluster that does it; <see langword="null"/> in a single process.</summary>
    public string? NodeId { get; init; }

    /// <summary>Times the worker was replaced.</summary>
    public int Restarts { get; init; }

    /// <summary>Source frames left out because the machine could not keep up.</summary>
    public long FramesDropped { get; init; }

    /// <summary>From a picture's last byte received to its encoded frame, over the last seconds: 95th percentile in milliseconds; 0 when unknown.</summary>
    public double LatencyMilliseconds { get; init; }

    /// <summary>The encoded renditions, from the largest.</summary>
    public IReadOnlyList<RenditionState> Renditions { get; init; } = [];

    /// <summary>The encoded sound; <see langword="null"/> where the source's serves every rendition, or there is none.</summary>
    public AudioRenditionState? Audio { get; init; }
}

/// <summary>The encoded sound, which all encoded renditions share.</summary>
/// <param name="Name">Its name, <c>audio-aac</c>.</param>
/// <param name="Codec">aac.</param>
/// <param name="Channels">Channels.</param>
/// <param name="SampleRate">Samples per second.</param>
/// <param name="Bitrate">Aimed bit rate, in bit/s.</param>
/// <param name="FramesEncoded">Frames encoded since the stream began.</param>
/// <param name="DecodeErrors">Frames of the source's sound that could not be decoded; silence stands for them.</param>
/// <param name="IsUp">Whether it is being made.</param>
public sealed record AudioRenditionState(string Name, string Codec, int Channels, int SampleRate, long Bitrate, long FramesEncoded, long DecodeErrors, bool IsUp);

/// <summary>One encoded rendition.</summary>
/// <param name="Name">Its name, such as <c>360p</c>.</param>
/// <param name="Codec">h264, h265 or av1.</param>
/// <param name="Resolution">WIDTHxHEIGHT.</param>
/// <param name="Bitrate">Aimed bit rate, in bit/s.</param>
/// <param name="FramesEncoded">Frames encoded since the stream began.</param>
/// <param name="IsUp">Whether it is being made.</param>
public sealed record RenditionState(string Name, string Codec, string Resolution, long Bitrate, long FramesEncoded, bool IsUp);
