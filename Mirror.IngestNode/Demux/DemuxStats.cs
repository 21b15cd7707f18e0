namespace Mirror.IngestNode.Demux;

/// <summary>Counters of a demuxer since it was made.</summary>
internal sealed record DemuxStats
{
    /// <summary>Transport packets read.</summary>
    public long Packets { get; init; }

    /// <summary>Bytes that belonged to no packet.</summary>
    public long SkippedBytes { get; init; }

    /// <summary>Times that packet boundaries were lost.</summary>
    public long SyncLosses { get; init; }

    /// <summary>Packets with transport_error_indicator, or malformed.</summary>
    public long DamagedPackets { get; init; }

    /// <summary>Packets and PES packets that were scrambled.</summary>
    public long ScrambledPackets { get; init; }

    /// <summary>Packets sent twice.</summary>
    public long DuplicatePackets { get; init; }

    /// <summary>Packets of PIDs that are not carried.</summary>
    public long IgnoredPackets { get; init; }

    /// <summary>Gaps in continuity counters.</summary>
    public long ContinuityErrors { get; init; }

    /// <summary>PAT and PMT sections with a wrong CRC or length.</summary>
    public long BadSections { get; init; }

    /// <summary>PES packets that could not be read, were too large, or ended before their length.</summary>
    public long BadPesPackets { get; init; }

    /// <summary>Programmes taken up, the first included.</summary>
    public long ProgramChanges { get; init; }

    /// <summary>Elementary streams not carried, over all programmes.</summary>
    public long IgnoredStreams { get; init; }

    /// <summary>NAL units, OBUs and parameter sets that could not be such, and bytes of audio outside frames.</summary>
    public long Malformed { get; init; }

    /// <summary>Timelines started, the first included.</summary>
    public long Timelines { get; init; }

    /// <summary>Steps of timestamps that started a new timeline.</summary>
    public long TimestampJumps { get; init; }

    /// <summary>IDR pictures and their like.</summary>
    public long KeyFrames { get; init; }

    /// <summary>Predicted and intra pictures that are not key frames.</summary>
    public long PredictedFrames { get; init; }

    /// <summary>Bidirectional pictures.</summary>
    public long BidirectionalFrames { get; init; }

    /// <summary>The video track.</summary>
    public DemuxTrackStats Video { get; init; } = new();

    /// <summary>The audio track.</summary>
    public DemuxTrackStats Audio { get; init; } = new();
}

/// <summary>Counters of one track.</summary>
internal sealed record DemuxTrackStats
{
    /// <summary>Access units passed on.</summary>
    public long Units { get; init; }

    /// <summary>Access units dropped because they were damaged, cut off, too large or of an unsupported form.</summary>
    public long DroppedUnits { get; init; }

    /// <summary>Access units before the first random access point of a timeline.</summary>
    public long WaitingUnits { get; init; }

    /// <summary>Access units dropped because their timestamps could not be right.</summary>
    public long BadTimestamps { get; init; }

    /// <summary>Decoding times that were missing or broken and were made up.</summary>
    public long RepairedTimestamps { get; init; }

    /// <summary>Times that the 33-bit timestamps wrapped.</summary>
    public long Wraps { get; init; }

    /// <summary>PTS of the last unit, unwrapped 90 kHz ticks.</summary>
    public long LastPts90k { get; init; }

    /// <summary>DTS of the last unit, unwrapped 90 kHz ticks.</summary>
    public long LastDts90k { get; init; }

    /// <summary>PTS of the first unit of the timeline, unwrapped 90 kHz ticks.</summary>
    public long BasePts90k { get; init; }
}
