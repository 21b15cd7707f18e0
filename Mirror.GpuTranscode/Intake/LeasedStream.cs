using Mirror.GpuTranscode.Packaging;
using Mirror.Streams.Announcements;
using Mirror.Streams.Feed;
using Mirror.Streams.Registry;

namespace Mirror.GpuTranscode.Intake;

/// <summary>One stream that this node packages: its lease, its feed, and whichever ingest node has its publisher.</summary>
/// <remarks>
/// 1. Find out how far another node came. 2. Open the stream. 3. Read the feed of the node that the stream's record names; when it
/// breaks, or the record names another node, read that one's, behind a discontinuity. 4. End the stream when its record is gone, or its
/// node says so. Beside that the lease is renewed; when it is lost everything stops at once, and what is still on its way is turned down
/// by its fence.
/// </remarks>
internal sealed partial class LeasedStream(string id, Lease lease, ILeases leases, IStreamRegistry registry, IAnnouncements announcements, FeedConnection feeds, TranscodeNode node,
    NodeIdentity identity, TimeProvider time, ILogger<LeasedStream> logger) : IDisposable
{
    /// <summary>Time without renewal after which another node may take the stream.</summary>
    public static readonly TimeSpan LeaseDuration = TimeSpan.FromSeconds(1.5);

    private static readonly TimeSpan RenewalInterval = TimeSpan.FromMilliseconds(400);
    private static readonly TimeSpan RecordInterval = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan RetryInterval = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LongestWithoutRecord = TimeSpan.FromSeconds(5);     // a registry that restarted knows its streams again by then

    private readonly CancellationTokenSource _lost = new();
    private readonly CancellationTokenSource _handedOver = new();
    private long _recordSeen = time.GetTimestamp();
    private StreamRecord? _record;

    /// <summary>Runs until the stream is over, the lease is lost, or the node stops.</summary>
    public async Task RunAsync(CancellationToken stoppingToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(_lost.Token, _handedOver.Token, stoppingToken);
        Task renewing = RenewAsync(stop.Token);
        announcements.Fenced += OnFenced;
        IFeedSink? sink = null;
        try
        {
            (IReadOnlyList<RenditionPosition> positions, int? lastDiscontinuity) = await FindPositionAsync(stop.Token);
            sink = node.Open(id, new Continuation(lease.Fence, positions) { LastDiscontinuity = lastDiscontinuity });
            LogTaken(id, lease.Fence, positions.Count == 0 ? "a new stream" : string.Join(", ", positions.Select(position => $"{position.Started.Rendition.Rendition} at {position.NextMsn}")));
            await FollowAsync(sink, isNew: positions.Count == 0, stop.Token);
            LogEnded(id);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested) { LogLeft(id, WhyLeft()); }
        finally
        {
            announcements.Fenced -= OnFenced;
            bool isHandedOver = stop.IsCancellationRequested;
            using var flush = CancellationTokenSource.CreateLinkedTokenSource(_lost.Token);
            // An end must be heard of, however long the store is away; of what is handed over the next node marks what is missing.
            await using CancellationTokenRegistration hurry = stop.Token.Register(() => flush.CancelAfter(LeaseDuration));
            if (sink is not null) { await TranscodeNode.CloseAsync(sink, isHandedOver, flush.Token); }
            await stop.CancelAsync();
            await renewing;
            await ReleaseAsync();
        }
    }

    /// <summary>Lets go of the stream, so that another node takes it and goes on behind a discontinuity.</summary>
    public void HandOver()
    {
        try { _handedOver.Cancel(); }
        catch (ObjectDisposedException) { /* it has just ended */ }
    }

    public void Dispose()
    {
        _lost.Dispose();
        _handedOver.Dispose();
    }

    private string WhyLeft()
    {
        if (_lost.IsCancellationRequested) { return "another node has its lease"; }
        return _handedOver.IsCancellationRequested ? "another node has room for its renditions" : "this node stops";
    }

    private async Task<StreamPosition> FindPositionAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            try { return await announcements.FindPositionAsync(id, cancellationToken); }
            catch (Exception error) when (!cancellationToken.IsCancellationRequested)
            {
                LogRegistryFailed(id, error.Message);
                await Task.Delay(RetryInterval, time, cancellationToken);
            }
        }
    }

    private async Task FollowAsync(IFeedSink sink, bool isNew, CancellationToken cancellationToken)
    {
        StreamRecord? followed = null;
        string? lastProblem = null;
        while (await FindRecordAsync(cancellationToken) is { NodeAddress: { } address } record)
        {
            using var switched = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            Task watching = WatchAsync(record, switched);
            FeedOutcome outcome = default;
            // Of a stream that begins nothing is left out: all that its node still has comes first. A later connection begins with the newest
            // key frame: what was missed is a hole, or a discontinuity.
            DateTime? after = isNew && followed is null ? record.CreatedAt : null;
            try { outcome = await feeds.ReadAsync(id, address, after, startsTimeline: followed is not null, sink, switched.Token); }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested) { LogMoved(id); }
            finally
            {
                await switched.CancelAsync();
                await watching;
            }
            followed = record;
            sink.Interrupt();
            // It is tried again and again, which is not worth a line each time.
            if (outcome.Problem is { } problem && (outcome.HasBegun || problem != lastProblem)) { LogBroken(id, address, problem); }
            lastProblem = outcome.Problem;
            if (outcome.HasEnded && !await HasMovedAsync(record, cancellationToken)) { return; }
            await Task.Delay(RetryInterval, time, cancellationToken);
        }
    }

    /// <summary>The stream's record; <see langword="null"/> once it has been gone for long.</summary>
    private async Task<StreamRecord?> FindRecordAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                if (await registry.FindAsync(id, cancellationToken) is { NodeAddress: not null } record)
                {
                    (_record, _recordSeen) = (record, time.GetTimestamp());
                    return record;
                }
                if (time.GetElapsedTime(_recordSeen) > LongestWithoutRecord) { return null; }
            }
            catch (Exception error) when (!cancellationToken.IsCancellationRequested)
            {
                LogRegistryFailed(id, error.Message);
                _recordSeen = time.GetTimestamp();           // not known is not gone
                if (_record is { } known) { return known; }
            }
            await Task.Delay(RetryInterval, time, cancellationToken);
        }
    }

    /// <summary>Leaves the node that is read once the record names another, for its publisher is there.</summary>
    private async Task WatchAsync(StreamRecord followed, CancellationTokenSource switched)
    {
        try
        {
            while (!await HasMovedAsync(followed, switched.Token)) { await Task.Delay(RecordInterval, time, switched.Token); }
            await switched.CancelAsync();
        }
        catch (OperationCanceledException) { /* the feed ended by itself */ }
    }

    /// <summary>Another node has the publisher. One that came back to the same node goes on in the same feed.</summary>
    private async Task<bool> HasMovedAsync(StreamRecord followed, CancellationToken cancellationToken)
    {
        try { return await registry.FindAsync(id, cancellationToken) is { } record && record.Epoch > followed.Epoch && record.NodeId != followed.NodeId; }
        catch (Exception) when (!cancellationToken.IsCancellationRequested) { return false; }
    }

    private async Task RenewAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                await Task.Delay(RenewalInterval, time, cancellationToken);
                // While the registry cannot be reached nobody else can take the stream, nor can anything be announced: going on is safe.
                try
                {
                    if (!await leases.RenewAsync(lease, cancellationToken)) { await _lost.CancelAsync(); }
                    TranscodeRecord report = new(id, identity.Id, identity.Address!, node.StateOf(id));
                    await registry.PutTranscodeAsync(report, cancellationToken);
                }
                catch (Exception error) when (!cancellationToken.IsCancellationRequested) { LogRegistryFailed(id, error.Message); }
            }
        }
        catch (OperationCanceledException) { /* over */ }
    }

    private void OnFenced(string streamId, long epoch)
    {
        if (streamId == id && epoch == lease.Fence) { _lost.Cancel(); }
    }

    private async Task ReleaseAsync()
    {
        if (_lost.IsCancellationRequested) { return; }
        try
        {
            using var patience = new CancellationTokenSource(LeaseDuration, time);
            await registry.RemoveTranscodeAsync(id, patience.Token);
            await leases.ReleaseAsync(lease, patience.Token);
        }
        catch (Exception error) { LogRegistryFailed(id, error.Message); }    // it runs out by itself
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Stream {Stream}: packaged here from now on (epoch {Epoch}): {Positions}")]
    private partial void LogTaken(string stream, long epoch, string positions);

    [LoggerMessage(Level = LogLevel.Information, Message = "Stream {Stream}: over")]
    private partial void LogEnded(string stream);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Stream {Stream}: no longer packaged here, for {Reason}")]
    private partial void LogLeft(string stream, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Stream {Stream}: no feed from {Node}: {Reason}; trying on")]
    private partial void LogBroken(string stream, Uri node, string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "Stream {Stream}: its publisher is at another node now")]
    private partial void LogMoved(string stream);

    [LoggerMessage(Level = LogLevel.Debug, Message = "Stream {Stream}: the registry did not answer: {Reason}")]
    private partial void LogRegistryFailed(string stream, string reason);
}
