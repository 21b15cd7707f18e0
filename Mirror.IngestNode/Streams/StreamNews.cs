using Mirror.Streams.Events;
using Mirror.Streams.Registry;

namespace Mirror.IngestNode.Streams;

/// <summary>Tells as events what a stream's records show: each change of status once.</summary>
internal sealed class StreamNews(IEvents events, NodeIdentity node, TimeProvider time)
{
    /// <summary>What was told of one stream.</summary>
    public sealed class Told
    {
        public StreamStatus? Status { get; set; }

        public bool WasReady { get; set; }

        public bool IsPaused { get; set; }
    }

    /// <summary>Whether nothing was told of a stream yet.</summary>
    public static bool IsFirst(Told told) => told.Status is null;

    /// <summary>Tells what is new in a record.</summary>
    /// <param name="told">What was told of the stream before.</param>
    /// <param name="record">Its newest record.</param>
    /// <param name="formerNode">The node that had the stream before, for the first record.</param>
    public void Tell(Told told, StreamRecord record, string? formerNode = null)
    {
        if (told.Status is null)
        {
            Publish(formerNode is null ? EventTypes.StreamStarted : EventTypes.Failover, record, formerNode);
            told.WasReady = formerNode is not null;
            told.Status = StreamStatus.Connecting;
        }
        bool isOther = record.IsPaused != told.IsPaused && record.Status == StreamStatus.Degraded;      // another reason, such as a publisher that went away
        if (record.Status == told.Status && !isOther) { return; }
        (told.Status, told.IsPaused) = (record.Status, record.IsPaused);
        string? type = record.Status switch
        {
            StreamStatus.Active => told.WasReady ? EventTypes.StreamResumed : EventTypes.StreamReady,
            StreamStatus.Paused => EventTypes.StreamPaused,
            StreamStatus.Degraded or StreamStatus.Error => EventTypes.StreamDegraded,
            StreamStatus.Ended => EventTypes.StreamEnded,
            _ => null,                                       // connecting again: what follows says more
        };
        told.WasReady |= record.Status == StreamStatus.Active;
        if (type is not null) { Publish(type, record); }
        if (record.IsPaused) { Publish(EventTypes.StreamPaused, record); }
    }

    /// <summary>Tells that a stream is over, unless that was told.</summary>
    public void TellEnd(Told told, StreamRecord record)
    {
        if (told.Status is null or StreamStatus.Ended) { return; }
        told.Status = StreamStatus.Ended;
        Publish(EventTypes.StreamEnded, record);
    }

    private void Publish(string type, StreamRecord record, string? formerNode = null)
        => events.Publish((StreamEvent.Of(record) with { Node = node.Address is null ? null : node.Id, FormerNode = formerNode }).ToCloudEvent(type, time.GetUtcNow()));
}
