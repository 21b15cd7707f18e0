namespace Mirror.Streams.Registry;

/// <summary>Counters of one stream since it was created, over all its publishers' connections.</summary>
public sealed record StreamStats
{
    /// <summary>Payload bytes received.</summary>
    public long BytesReceived { get; init; }

    /// <summary>Packets received.</summary>
    public long PacketsReceived { get; init; }

    /// <summary>Packets that never arrived, after recovery.</summary>
    public long PacketsLost { get; init; }

    /// <summary>Times a publisher came back within the reconnect window.</summary>
    public int Reconnects { get; init; }

    /// <summary>Transport stream continuity errors.</summary>
    public long ContinuityErrors { get; init; }

    /// <summary>Jumps of timestamps that were bridged with a discontinuity.</summary>
    public long TimestampJumps { get; init; }

    /// <summary>The GOP buffer.</summary>
    public FrameBufferStats FrameBuffer { get; init; } = new();

    /// <summary>The connection in force, or the last one.</summary>
    public ConnectionStats Connection { get; init; } = new();
}

/// <summary>State of the GOP buffer of one stream.</summary>
public sealed record FrameBufferStats
{
    /// <summary>Most access units that it holds.</summary>
    public int Capacity { get; init; }

    /// <summary>Access units that it holds.</summary>
    public int Used { get; init; }

    /// <summary>Access units assembled since the start.</summary>
    public long FramesAssembled { get; init; }

    /// <summary>Access units dropped: damaged, or for want of room.</summary>
    public long FramesDropped { get; init; }

    /// <summary>Fill of the stream's queues, 0 to 1.</summary>
    public double QueuePressure { get; init; }

    /// <summary>Key frames assembled.</summary>
    public long Keyframes { get; init; }

    /// <summary>Predicted frames assembled.</summary>
    public long PFrames { get; init; }

    /// <summary>Bidirectional frames assembled.</summary>
    public long BFrames { get; init; }

    /// <summary>GOPs closed since the start.</summary>
    public long GopCount { get; init; }

    /// <summary>Pictures a GOP, on average.</summary>
    public double AverageGopSize { get; init; }
}

/// <summary>Statistics of one SRT connection, in the units of the API.</summary>
public sealed record ConnectionStats
{
    /// <summary>Packets not recovered in time.</summary>
    public long PacketsLost { get; init; }

    /// <summary>Packets that arrived by retransmission.</summary>
    public long PacketsRetransmitted { get; init; }

    /// <summary>Round-trip time.</summary>
    public double RttMilliseconds { get; init; }

    /// <summary>Estimated link capacity.</summary>
    public double BandwidthMbps { get; init; }

    /// <summary>Latency window agreed with the publisher.</summary>
    public double DeliveryDelayMilliseconds { get; init; }

    /// <summary>Age of the connection.</summary>
    public double ConnectionTimeMilliseconds { get; init; }

    /// <summary>Receive buffer allotted to the connection, from bitrate × (RTT + latency + 2 s of stall).</summary>
    public long ReceiveBufferBytes { get; init; }
}
