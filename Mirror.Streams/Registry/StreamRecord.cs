using Mirror.Media.Frames;

namespace Mirror.Streams.Registry;

/// <summary>What every node may know of a stream: one immutable snapshot, replaced by its owner about once a second.</summary>
public sealed record StreamRecord
{
    /// <summary>The stream's name.</summary>
    public required string Id { get; init; }

    /// <summary>How it arrives: <c>srt</c> or <c>rtp</c>.</summary>
    public required string Type { get; init; }

    /// <summary>The publisher's address and port.</summary>
    public required string SourceAddress { get; init; }

    /// <summary>What it is doing.</summary>
    public StreamStatus Status { get; init; }

    /// <summary>Why, in a sentence, where the status calls for one.</summary>
    public string? StatusReason { get; init; }

    /// <summary>Whether it is degraded because its publisher is connected but sends nothing.</summary>
    public bool IsPaused { get; init; }

    /// <summary>When its first publisher was accepted (UTC).</summary>
    public required DateTime CreatedAt { get; init; }

    /// <summary>When its owner last wrote this record (UTC).</summary>
    public required DateTime LastHeartbeat { get; init; }

    /// <summary>The video format; <see langword="null"/> until seen.</summary>
    public VideoTrack? Video { get; init; }

    /// <summary>The audio format; <see langword="null"/> until seen.</summary>
    public AudioTrack? Audio { get; init; }

    /// <summary>The formats of further sounds, in the order of their numbers.</summary>
    public IReadOnlyList<AudioTrack> MoreAudio { get; init; } = [];

    /// <summary>Received bits per second, over the last second.</summary>
    public long Bitrate { get; init; }

    /// <summary>Frames per second, over the last seconds.</summary>
    public double FrameRate { get; init; }

    /// <summary>The node that its publisher is, or was last, connected to; <see langword="null"/> in a single process.</summary>
    public string? NodeId { get; init; }

    /// <summary>Base address of that node, which serves the stream's feed.</summary>
    public Uri? NodeAddress { get; init; }

    /// <summary>Fence of that node's lease of the stream (<see cref="Lease.IngestOf"/>): a record with a lower one is out of date.</summary>
    public long Epoch { get; init; }

    /// <summary>How long the stream waits for its publisher to come back, to this node or another.</summary>
    public TimeSpan ReconnectWindow { get; init; }

    /// <summary>Counters and gauges.</summary>
    public StreamStats Stats { get; init; } = new();

    /// <summary>Whether its owner has not written it for longer than a node that lives may take. In a single process a record has no owner.</summary>
    /// <param name="now">The time (UTC).</param>
    /// <param name="longer">How much longer.</param>
    public bool IsSilent(DateTime now, TimeSpan longer = default) => NodeId is not null && now - LastHeartbeat > IStreamRegistry.NodeLifetime + longer;
}
