using Mirror.Streams;
using Mirror.Streams.Registry;

namespace Mirror.Functions.Control;

/// <summary>The streams that the registry knows. What a node that is gone wrote last of its streams is not how they are: they are degraded until their publishers come back, or <see cref="AbandonedStreams"/> ends them.</summary>
internal sealed class KnownStreams(IStreamRegistry registry, TimeProvider time)
{
    /// <summary>All streams, by name.</summary>
    public async Task<IReadOnlyList<StreamRecord>> ListAsync(CancellationToken cancellationToken)
    {
        IReadOnlyList<StreamRecord> records = await registry.ListAsync(cancellationToken);
        DateTime now = time.GetUtcNow().UtcDateTime;
        if (!records.Any(record => record.IsSilent(now))) { return records; }
        HashSet<string> alive = [.. (await registry.ListNodesAsync(cancellationToken)).Select(node => node.Id)];
        return [.. records.Select(record => record.IsSilent(now) && !alive.Contains(record.NodeId!) ? WithoutNode(record) : record)];
    }

    /// <summary>One stream; <see langword="null"/> where there is none, or it cannot be the name of one.</summary>
    public async Task<StreamRecord?> FindAsync(string id, CancellationToken cancellationToken)
    {
        if (!StreamId.IsValid(id) || await registry.FindAsync(id, cancellationToken) is not { } record) { return null; }
        bool isGone = record.IsSilent(time.GetUtcNow().UtcDateTime) && (await registry.ListNodesAsync(cancellationToken)).All(node => node.Id != record.NodeId);
        return isGone ? WithoutNode(record) : record;
    }

    private static StreamRecord WithoutNode(StreamRecord record) => record with
    {
        Status = StreamStatus.Degraded,
        StatusReason = $"its ingest node {record.NodeId} is gone; the publisher may come back to another",
        Bitrate = 0,
        FrameRate = 0,
    };
}
