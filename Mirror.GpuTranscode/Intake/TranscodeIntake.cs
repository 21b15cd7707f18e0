using System.Collections.Concurrent;
using Microsoft.Extensions.Options;
using Mirror.Streams.Registry;

namespace Mirror.GpuTranscode.Intake;

/// <summary>Takes streams that no transcode node has, as many as this one can do, so that several nodes share them evenly.</summary>
/// <remarks>
/// A node with fewer streams than the others takes one at once; the others leave it one <see cref="Courtesy"/>, and take what is still
/// free then. The lease decides between those who want the same.
/// </remarks>
internal sealed partial class TranscodeIntake(IStreamRegistry registry, ILeases leases, NodeIdentity identity, IOptions<TranscodeOptions> options, TimeProvider time,
    Func<string, Lease, LeasedStream> createStream, ILogger<TranscodeIntake> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan Courtesy = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan Recollection = TimeSpan.FromSeconds(3);     // a registry that comes back empty hears of all leases again within their renewal

    private readonly ConcurrentDictionary<string, Task> _streams = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _wantedSince = new(StringComparer.Ordinal);
    private bool _hasFailed;
    private long? _failedAt;

    /// <summary>Streams that this node has.</summary>
    public int Count => _streams.Count;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            using var timer = new PeriodicTimer(Interval, time);
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                try
                {
                    await TakeAsync(stoppingToken);
                    _hasFailed = false;
                }
                catch (Exception error) when (!stoppingToken.IsCancellationRequested)
                {
                    if (!_hasFailed) { LogFailed(error.Message); }
                    (_hasFailed, _failedAt) = (true, time.GetTimestamp());
                }
            }
        }
        catch (OperationCanceledException) { /* the node stops: its streams do as well */ }
        finally { await Task.WhenAll(_streams.Values); }
    }

    private async Task TakeAsync(CancellationToken stoppingToken)
    {
        StreamRecord[] wanted = [.. (await registry.ListAsync(stoppingToken)).Where(IsWanted)];
        foreach (string gone in _wantedSince.Keys.Except(wanted.Select(record => record.Id), StringComparer.Ordinal).ToArray()) { _wantedSince.Remove(gone); }
        if (wanted.Length == 0 || (_failedAt is { } failedAt && time.GetElapsedTime(failedAt) < Recollection)) { return; }
        IReadOnlyList<NodeRecord> nodes = await registry.ListNodesAsync(stoppingToken);
        int fewest = nodes.Where(node => node.Id != identity.Id && node.Roles.Contains("transcode")).Select(node => node.Streams).DefaultIfEmpty(int.MaxValue).Min();
        foreach (StreamRecord record in wanted)
        {
            _wantedSince.TryAdd(record.Id, time.GetTimestamp());
            bool isFull = options.Value.MaxStreams > 0 && _streams.Count >= options.Value.MaxStreams;
            bool isCourteous = _streams.Count > fewest && time.GetElapsedTime(_wantedSince[record.Id]) < Courtesy;
            if (isFull || isCourteous) { continue; }
            Lease? lease = await leases.TryAcquireAsync(Lease.TranscodeOf(record.Id), identity.Id, LeasedStream.LeaseDuration, stoppingToken);
            if (lease is null) { continue; }
            _wantedSince.Remove(record.Id);
            var running = new Task<Task>(() => RunAsync(record.Id, lease, stoppingToken));
            _streams[record.Id] = running.Unwrap();          // before it runs, for it removes itself
            running.Start(TaskScheduler.Default);
        }
    }

    private bool IsWanted(StreamRecord record)
        => record is { NodeAddress: not null, Status: not (StreamStatus.Ended or StreamStatus.Error) } && !_streams.ContainsKey(record.Id);

    private async Task RunAsync(string id, Lease lease, CancellationToken stoppingToken)
    {
        using LeasedStream stream = createStream(id, lease);
        try { await stream.RunAsync(stoppingToken); }
        catch (Exception error) { LogStreamFailed(id, error); }
        finally { _streams.TryRemove(id, out _); }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The registry could not be asked for streams; it is tried again at once and again: {Reason}")]
    private partial void LogFailed(string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "Stream {Stream}: packaging failed, and is left to whoever takes it next")]
    private partial void LogStreamFailed(string stream, Exception error);
}
