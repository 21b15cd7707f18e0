using System.Security.Cryptography;
using System.Text;
using Azure.Messaging;
using Mirror.Streams.Events;
using Mirror.Streams.Registry;

namespace Mirror.Functions.Control;

/// <summary>Ends streams whose ingest node is gone, and whose publisher did not come back to another in time: nobody else is left to do it.</summary>
/// <remarks>
/// Whoever ends a stream holds its ingest lease, so that neither a node that takes its publisher nor another function does so at the same moment.
/// A crash in mid-way repeats the event, under the same id.
/// </remarks>
internal sealed partial class AbandonedStreams(IStreamRegistry registry, ILeases leases, IEvents events, NodeIdentity node, TimeProvider time, ILogger<AbandonedStreams> logger)
{
    private const string Reason = "the ingest node is gone, and the publisher did not come back to another in time";
    private static readonly TimeSpan LeaseDuration = TimeSpan.FromSeconds(5);

    /// <summary>Ends those that there are.</summary>
    /// <exception cref="Mirror.Streams.Shared.SharedStateException">The registry is away: it is tried again the next time.</exception>
    public async Task EndAllAsync(CancellationToken cancellationToken)
    {
        DateTime now = time.GetUtcNow().UtcDateTime;
        StreamRecord[] overdue = [.. (await registry.ListAsync(cancellationToken)).Where(record => record.IsSilent(now, longer: record.ReconnectWindow))];
        if (overdue.Length == 0) { return; }
        HashSet<string> alive = [.. (await registry.ListNodesAsync(cancellationToken)).Select(known => known.Id)];
        foreach (StreamRecord record in overdue)
        {
            if (!alive.Contains(record.NodeId!)) { await EndAsync(record, cancellationToken); }
        }
    }

    private async Task EndAsync(StreamRecord seen, CancellationToken cancellationToken)
    {
        if (await leases.TryAcquireAsync(Lease.IngestOf(seen.Id), node.Id, LeaseDuration, cancellationToken) is not { } lease) { return; }
        try
        {
            StreamRecord? record = await registry.FindAsync(seen.Id, cancellationToken);
            if (record is null || record.NodeId != seen.NodeId || record.LastHeartbeat != seen.LastHeartbeat) { return; }     // it goes on, or was ended
            StreamRecord ended = record with { Status = StreamStatus.Ended, StatusReason = Reason, Epoch = lease.Fence };
            await registry.PutAsync(ended, cancellationToken);
            events.Publish(EventOf(ended));
            await registry.RemoveAsync(ended.Id, cancellationToken);
            LogEnded(ended.Id, ended.NodeId!);
        }
        finally { await leases.ReleaseAsync(lease, CancellationToken.None); }
    }

    private CloudEvent EventOf(StreamRecord ended)
    {
        CloudEvent happened = StreamEvent.Of(ended).ToCloudEvent(EventTypes.StreamEnded, time.GetUtcNow());
        happened.Id = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{ended.Id} {ended.NodeId} {ended.LastHeartbeat:O}")))[..32];
        return happened;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Stream {Stream}: ended, since its node {Node} is gone and its publisher did not come back to another in time")]
    private partial void LogEnded(string stream, string node);
}
