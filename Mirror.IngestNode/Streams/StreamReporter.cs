using Mirror.Streams.Registry;

namespace Mirror.IngestNode.Streams;

/// <summary>Keeps the registry in step with this node's streams: at every change of status, and once a second.</summary>
/// <remarks>It reconciles rather than queues, so a slow registry costs freshness and never memory, and never holds up a receive loop.</remarks>
internal sealed partial class StreamReporter(IStreamRegistry registry, TimeProvider time, ILogger<StreamReporter> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly SemaphoreSlim _changed = new(0, 1);
    private readonly HashSet<string> _reported = new(StringComparer.Ordinal);

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

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using ITimer timer = time.CreateTimer(static state => ((StreamReporter)state!).Notify(), this, Interval, Interval);
        while (!stoppingToken.IsCancellationRequested)
        {
            await _changed.WaitAsync(stoppingToken);
            try { await ReconcileAsync(stoppingToken); }
            catch (Exception error) when (!stoppingToken.IsCancellationRequested) { LogFailed(error); }
        }
    }

    private async Task ReconcileAsync(CancellationToken cancellationToken)
    {
        List<LiveStream> streams = Source?.Invoke() ?? [];
        foreach (LiveStream stream in streams)
        {
            await registry.PutAsync(stream.Record, cancellationToken);
            _reported.Add(stream.Id);
        }
        foreach (string gone in _reported.Except(streams.Select(stream => stream.Id), StringComparer.Ordinal).ToArray())
        {
            await registry.RemoveAsync(gone, cancellationToken);
            _reported.Remove(gone);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The stream registry could not be written; it is tried again within a second")]
    private partial void LogFailed(Exception error);
}
