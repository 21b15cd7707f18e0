using Mirror.Streams.Registry;

namespace Mirror.IngestNode.Streams;

/// <summary>Keeps the registry in step with this node's streams: at every change of status, and once a second.</summary>
/// <remarks>
/// It reconciles rather than queues, so a slow registry costs freshness and never memory, and never holds up a receive loop.
/// In a cluster a stream is this node's while it holds the stream's lease. That is asked for once a publisher is here, and given back
/// when he is gone, so that he may come back to any node. A publisher whose stream another node keeps holding is disconnected.
/// </remarks>
internal sealed partial class StreamReporter(IStreamRegistry registry, ILeases leases, NodeIdentity node, StreamNews news, TimeProvider time, ILogger<StreamReporter> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LeaseDuration = TimeSpan.FromSeconds(3);        // a node that died holds its streams for so long
    private static readonly TimeSpan LongestDispute = TimeSpan.FromSeconds(6);       // longer than a dead node's lease lasts

    private readonly SemaphoreSlim _changed = new(0, 1);
    private readonly Dictionary<string, Reported> _reported = new(StringComparer.Ordinal);
    private bool _hasFailed;

    /// <summary>Lists this node's streams; set by the listener once it runs.</summary>
    public Func<List<LiveStream>>? Source { get; set; }

    /// <summary>A stream changed: write it now rather than at the next second. From any thread.</summary>
    public void Notify()
    {
        try { _changed.Release(); }
        catch (SemaphoreFullException) { /* a write is due already */ }
    }

    public override void Dispose()
    {
        base.Dispose();
        _changed.Dispose();
    }

    /// <summary>Gives the leases back, so that publishers find another node ready.</summary>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        try { await Task.WhenAll(_reported.Values.Select(reported => ReleaseAsync(reported, cancellationToken))); }
        catch (Exception error) { LogFailed(error.Message); }    // they run out by themselves
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using ITimer timer = time.CreateTimer(static state => ((StreamReporter)state!).Notify(), this, Interval, Interval);
        while (!stoppingToken.IsCancellationRequested)
        {
            await _changed.WaitAsync(stoppingToken);
            try
            {
                await ReconcileAsync(stoppingToken);
                _hasFailed = false;
            }
            catch (Exception error) when (!stoppingToken.IsCancellationRequested)
            {
                if (!_hasFailed) { LogFailed(error.Message); }
                _hasFailed = true;
            }
        }
    }

    private async Task ReconcileAsync(CancellationToken cancellationToken)
    {
        List<LiveStream> streams = Source?.Invoke() ?? [];
        foreach (LiveStream stream in streams)
        {
            if (_reported.TryGetValue(stream.Id, out Reported? known) && known.Stream == stream) { continue; }
            if (known is not null) { news.TellEnd(known.Told, known.Stream.Record); }
            _reported[stream.Id] = new Reported(stream) { Lease = known?.Lease, Epoch = known?.Epoch ?? 0 };
        }
        Reported[] gone = [.. _reported.Values.Where(reported => !streams.Contains(reported.Stream))];
        await Task.WhenAll([.. streams.Select(stream => WriteAsync(_reported[stream.Id], cancellationToken)), .. gone.Select(reported => RemoveAsync(reported, cancellationToken))]);
        foreach (Reported reported in gone) { _reported.Remove(reported.Stream.Id); }
    }

    private async Task WriteAsync(Reported reported, CancellationToken cancellationToken)
    {
        LiveStream stream = reported.Stream;
        if (node.Address is null)
        {
            news.Tell(reported.Told, stream.Record);
            await registry.PutAsync(stream.Record, cancellationToken);
            return;
        }
        await RenewAsync(reported, cancellationToken);
        bool isReceiving = stream.IsReceiving;
        if (isReceiving && !await HoldAsync(reported, cancellationToken)) { return; }
        if (reported.Epoch != 0)
        {
            string? former = StreamNews.IsFirst(reported.Told) ? (await registry.FindAsync(stream.Id, cancellationToken))?.NodeId : null;
            news.Tell(reported.Told, stream.Record, former == node.Id ? null : former);
            await registry.PutAsync(stream.Record with { NodeId = node.Id, NodeAddress = node.Address, Epoch = reported.Epoch }, cancellationToken);
        }
        if (!isReceiving) { await ReleaseAsync(reported, cancellationToken); }
    }

    /// <summary>Renews the stream's lease. Somebody else took it where this node stood still; if he ended the stream, it begins anew here, should its publisher still be there.</summary>
    private async Task RenewAsync(Reported reported, CancellationToken cancellationToken)
    {
        if (reported.Lease is { } held && !await leases.RenewAsync(held, cancellationToken)) { (reported.Lease, reported.WasTaken) = (null, true); }
        if (!reported.WasTaken || await registry.FindAsync(reported.Stream.Id, cancellationToken) is not null) { return; }
        (reported.Told, reported.Epoch, reported.WasTaken) = (new StreamNews.Told(), 0, false);
    }

    /// <summary>Takes the stream's lease, unless this node has it.</summary>
    private async Task<bool> HoldAsync(Reported reported, CancellationToken cancellationToken)
    {
        reported.Lease ??= await leases.TryAcquireAsync(Lease.IngestOf(reported.Stream.Id), node.Id, LeaseDuration, cancellationToken);
        if (reported.Lease is { } lease)
        {
            (reported.Epoch, reported.DisputedSince, reported.WasTaken) = (lease.Fence, null, false);
            return true;
        }
        long since = reported.DisputedSince ??= time.GetTimestamp();
        if (time.GetElapsedTime(since) > LongestDispute)
        {
            LogDisputed(reported.Stream.Id);
            reported.Stream.Loop.Stop(reported.Stream, "the stream has a publisher at another node");
        }
        return false;
    }

    /// <summary>The stream ended here: so does its record, unless another node has it by now.</summary>
    private async Task RemoveAsync(Reported reported, CancellationToken cancellationToken)
    {
        string id = reported.Stream.Id;
        if (node.Address is null)
        {
            news.TellEnd(reported.Told, reported.Stream.Record);
            await registry.RemoveAsync(id, cancellationToken);
            return;
        }
        if (reported.Epoch == 0) { return; }                 // it was never this node's
        bool isOurs = reported.Lease is { } held
            ? await leases.RenewAsync(held, cancellationToken)
            : (reported.Lease = await leases.TryAcquireAsync(Lease.IngestOf(id), node.Id, LeaseDuration, cancellationToken)) is not null
                && (await registry.FindAsync(id, cancellationToken))?.NodeId == node.Id;
        if (isOurs)
        {
            news.TellEnd(reported.Told, reported.Stream.Record);
            await registry.RemoveAsync(id, cancellationToken);
        }
        await ReleaseAsync(reported, cancellationToken);
    }

    private async Task ReleaseAsync(Reported reported, CancellationToken cancellationToken)
    {
        if (reported.Lease is not { } lease) { return; }
        await leases.ReleaseAsync(lease, cancellationToken);
        reported.Lease = null;
    }

    private sealed class Reported(LiveStream stream)
    {
        public LiveStream Stream { get; } = stream;

        public StreamNews.Told Told { get; set; } = new();

        public Lease? Lease { get; set; }

        /// <summary>Somebody else took the last lease.</summary>
        public bool WasTaken { get; set; }

        /// <summary>Fence of the newest lease; 0 before the first.</summary>
        public long Epoch { get; set; }

        /// <summary>Since when another node has held the lease, in timestamp ticks.</summary>
        public long? DisputedSince { get; set; }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The stream registry could not be written; it is tried again every second: {Reason}")]
    private partial void LogFailed(string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Stream {Stream}: another node has a publisher of this name, so this one is disconnected")]
    private partial void LogDisputed(string stream);
}
