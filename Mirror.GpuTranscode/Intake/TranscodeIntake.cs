using System.Collections.Concurrent;
using Microsoft.Extensions.Options;
using Mirror.Streams.Announcements;
using Mirror.Streams.Registry;

namespace Mirror.GpuTranscode.Intake;

/// <summary>Takes streams that no transcode node has, as many as this one can do, so that several nodes share them evenly.</summary>
/// <remarks>
/// The node that ought to have a stream (<see cref="StreamSharing"/>) takes it at once; the others leave it one <see cref="Courtesy"/>, and
/// take what is still free then. The lease decides between those who want the same. A stream whose renditions find no room here is handed
/// over once another node has room for them. Now and then a node looks for streams that are over and that nobody ended, for their node died
/// at that very moment: it takes them as well, and ends them.
/// </remarks>
internal sealed partial class TranscodeIntake(IStreamRegistry registry, ILeases leases, IAnnouncements announcements, NodeIdentity identity, IOptions<TranscodeOptions> options, TranscodeNode node,
    TimeProvider time, Func<string, Lease, LeasedStream> createStream, ILogger<TranscodeIntake> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan Courtesy = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan Recollection = TimeSpan.FromSeconds(3);     // a registry that comes back empty hears of all leases again within their renewal
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);         // with a lack of room
    private static readonly TimeSpan BetweenHandOvers = TimeSpan.FromSeconds(30); // of any stream, for each costs its viewers a discontinuity
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromSeconds(5);     // for streams that nobody ended

    private readonly ConcurrentDictionary<string, Held> _streams = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _wantedSince = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _withoutRoomSince = new(StringComparer.Ordinal);
    private long? _handedOverAt;
    private long _lookedAt = time.GetTimestamp();
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
                    await HandOverAsync(stoppingToken);
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
        finally { await Task.WhenAll(_streams.Values.Select(held => held.Running)); }
    }

    private async Task TakeAsync(CancellationToken stoppingToken)
    {
        IReadOnlyList<StreamRecord> records = await registry.ListAsync(stoppingToken);
        string[] wanted = [.. records.Where(IsWanted).Select(record => record.Id), .. await ListLeftOpenAsync(records, stoppingToken)];
        foreach (string gone in _wantedSince.Keys.Except(wanted, StringComparer.Ordinal).ToArray()) { _wantedSince.Remove(gone); }
        if (wanted.Length == 0 || (_failedAt is { } failedAt && time.GetElapsedTime(failedAt) < Recollection)) { return; }
        NodeRecord[] others = await ListOthersAsync(stoppingToken);
        foreach (string id in wanted)
        {
            _wantedSince.TryAdd(id, time.GetTimestamp());
            bool isFull = options.Value.MaxStreams > 0 && _streams.Count >= options.Value.MaxStreams;
            bool isCourteous = StreamSharing.OughtToWait(_streams.Count, node.FreeCores, others) && time.GetElapsedTime(_wantedSince[id]) < Courtesy;
            if (isFull || isCourteous) { continue; }
            Lease? lease = await leases.TryAcquireAsync(Lease.TranscodeOf(id), identity.Id, LeasedStream.LeaseDuration, stoppingToken);
            if (lease is null) { continue; }
            _wantedSince.Remove(id);
            LeasedStream stream = createStream(id, lease);
            var running = new Task<Task>(() => RunAsync(id, stream, stoppingToken));
            _streams[id] = new Held(stream, running.Unwrap());        // before it runs, for it removes itself
            running.Start(TaskScheduler.Default);
        }
    }

    private bool IsWanted(StreamRecord record)
        => record is { NodeAddress: not null, Status: not (StreamStatus.Ended or StreamStatus.Error) } && !_streams.ContainsKey(record.Id);

    /// <summary>Streams that no ingest node has any more, and whose players still wait. Whoever is just ending one holds its lease.</summary>
    private async ValueTask<IEnumerable<string>> ListLeftOpenAsync(IReadOnlyList<StreamRecord> records, CancellationToken cancellationToken)
    {
        if (time.GetElapsedTime(_lookedAt) < BetweenLooks) { return []; }
        _lookedAt = time.GetTimestamp();
        IReadOnlyList<string> open = await announcements.ListOpenAsync(cancellationToken);
        return open.Except(records.Select(record => record.Id), StringComparer.Ordinal).Where(id => !_streams.ContainsKey(id));
    }

    /// <summary>Lets go of one stream whose renditions have found no room here for a while, where another node has it.</summary>
    private async Task HandOverAsync(CancellationToken cancellationToken)
    {
        foreach (string id in _withoutRoomSince.Keys.Where(id => node.MissingCoresOf(id) is null).ToArray()) { _withoutRoomSince.Remove(id); }
        foreach ((string id, Held held) in _streams)
        {
            if (node.MissingCoresOf(id) is not { } cores) { continue; }
            _withoutRoomSince.TryAdd(id, time.GetTimestamp());
            if (time.GetElapsedTime(_withoutRoomSince[id]) < Patience || (_handedOverAt is { } last && time.GetElapsedTime(last) < BetweenHandOvers)) { continue; }
            if (StreamSharing.FindRoom(cores, await ListOthersAsync(cancellationToken)) is not { } other) { continue; }
            LogHandedOver(id, cores, other.Id);
            _handedOverAt = time.GetTimestamp();
            held.Stream.HandOver();
        }
    }

    private async ValueTask<NodeRecord[]> ListOthersAsync(CancellationToken cancellationToken)
        => [.. (await registry.ListNodesAsync(cancellationToken)).Where(other => other.Id != identity.Id && other.Roles.Contains("transcode"))];

    private async Task RunAsync(string id, LeasedStream stream, CancellationToken stoppingToken)
    {
        try { await stream.RunAsync(stoppingToken); }
        catch (Exception error) { LogStreamFailed(id, error); }
        finally
        {
            _streams.TryRemove(id, out _);
            stream.Dispose();
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The registry could not be asked for streams; it is tried again at once and again: {Reason}")]
    private partial void LogFailed(string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "Stream {Stream}: its renditions would take {Cores:F1} cores that this node does not have and {Node} has, which may take it")]
    private partial void LogHandedOver(string stream, double cores, string node);

    [LoggerMessage(Level = LogLevel.Error, Message = "Stream {Stream}: packaging failed, and is left to whoever takes it next")]
    private partial void LogStreamFailed(string stream, Exception error);

    private sealed record Held(LeasedStream Stream, Task Running);
}
