using System.Collections.Concurrent;
using Mirror.Streams.Announcements;
using Mirror.Streams.Recordings;

namespace Mirror.Functions.Dvr;

/// <summary>Records streams: keeps at hand what was announced of each, and runs a <see cref="StreamRecorder"/> for each that is to be recorded, or was when a node crashed.</summary>
/// <remarks>Nothing here holds back ingest or delivery: announcements are noted and no more, and whoever copies is only ever late for the store's retention.</remarks>
internal sealed partial class Recorder(IAnnouncements announcements, RecordingWishes wishes, RecorderServices services, TimeSpan retention, ILogger<Recorder> logger) : BackgroundService
{
    private const int MostStreams = 4096;
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan SearchInterval = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan LongestRelease = TimeSpan.FromSeconds(2);
    private readonly ConcurrentDictionary<string, RecentSegments> _streams = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Task> _running = new(StringComparer.Ordinal);
    private readonly HashSet<RecordingKey> _complete = [];
    private long? _searchedAt;
    private int _isAway;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using IDisposable subscription = announcements.Subscribe(OnAnnouncement);
        using var timer = new PeriodicTimer(Interval, services.Time);
        try
        {
            do
            {
                try
                {
                    await SuperviseAsync(stoppingToken);
                    if (Interlocked.Exchange(ref _isAway, 0) == 1) { LogBack(); }
                }
                catch (Exception error) when (!stoppingToken.IsCancellationRequested) { Fail(error); }
            }
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException) { /* told to stop */ }
        await Task.WhenAll(_running.Values);
    }

    private void OnAnnouncement(Announcement announcement)
    {
        string stream = announcement.Rendition.StreamId;
        if (!_streams.TryGetValue(stream, out RecentSegments? recent))
        {
            if (announcement is not RenditionStarted || _streams.Count >= MostStreams) { return; }
            recent = _streams.GetOrAdd(stream, _ => new RecentSegments(retention, services.Time));
        }
        recent.Apply(announcement);
    }

    /// <summary>Starts what is to be recorded and is not yet, and forgets what is over.</summary>
    private async Task SuperviseAsync(CancellationToken cancellationToken)
    {
        foreach (string ended in _running.Where(task => task.Value.IsCompleted).Select(task => task.Key).ToArray()) { _running.Remove(ended); }
        await wishes.RefreshAsync(cancellationToken);
        IReadOnlyCollection<string> left = await FindLeftAsync(cancellationToken);
        foreach (string stream in _streams.Where(stream => !stream.Value.IsEnded && stream.Value.Silence <= services.Options.ResumeWindow && wishes.Of(stream.Key).IsWanted).Select(stream => stream.Key).Union(left))
        {
            if (!_running.ContainsKey(stream)) { _running[stream] = RunAsync(stream, cancellationToken); }
        }
        foreach ((string stream, RecentSegments recent) in _streams)
        {
            if ((recent.IsEnded || recent.Silence > retention + services.Options.ResumeWindow) && !_running.ContainsKey(stream)) { _streams.TryRemove(stream, out _); }
        }
    }

    /// <summary>Streams that have a recording that is not complete, though nobody may be there to go on with it.</summary>
    private async Task<IReadOnlyCollection<string>> FindLeftAsync(CancellationToken cancellationToken)
    {
        if (_searchedAt is { } at && services.Time.GetElapsedTime(at) < SearchInterval) { return []; }
        HashSet<string> left = new(StringComparer.Ordinal);
        IReadOnlyList<RecordingKey> keys = await services.Archive.ListAsync(null, cancellationToken);
        _complete.IntersectWith(keys);
        foreach (RecordingKey key in keys)
        {
            if (_complete.Contains(key)) { continue; }
            if (await services.Archive.ReadSmallAsync(key, RecordedFileName.Summary, cancellationToken) is not null) { _complete.Add(key); }
            else { left.Add(key.StreamId); }
        }
        _searchedAt = services.Time.GetTimestamp();
        return left;
    }

    private async Task RunAsync(string stream, CancellationToken stoppingToken)
    {
        RecentSegments recent = _streams.GetOrAdd(stream, _ => new RecentSegments(retention, services.Time));
        var recorder = new StreamRecorder(stream, recent, services, logger);
        RecorderState state = RecorderState.Recording;
        while (state != RecorderState.Done && !stoppingToken.IsCancellationRequested)
        {
            Task next = recent.Next();
            TimeSpan pause = services.Archive.IndexInterval;
            try { state = await recorder.PassAsync(wishes.Of(stream), stoppingToken); }
            catch (Exception error) when (!stoppingToken.IsCancellationRequested)
            {
                Fail(error);
                services.Faults.Failed(stream, recorder.Current, error.Message.Split('\n')[0]);
                (state, pause) = (RecorderState.Recording, Interval);
            }
            catch (OperationCanceledException) { break; }
            if (state == RecorderState.Behind) { continue; }
            if (state == RecorderState.Standby && !wishes.Of(stream).IsWanted) { break; }
            Task tick = Task.Delay(Interval, services.Time, stoppingToken);
            await (state == RecorderState.Standby ? Task.WhenAny(tick) : Task.WhenAny(tick, next));
            if (pause > TimeSpan.Zero) { await Task.Delay(pause, services.Time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); }
        }
        services.Faults.Forget(stream);
        await ReleaseAsync(stream, recorder);
    }

    private async Task ReleaseAsync(string stream, StreamRecorder recorder)
    {
        using var patience = new CancellationTokenSource(LongestRelease);
        try { await recorder.ReleaseAsync(patience.Token); }
        catch (Exception error) { LogNotReleased(stream, error.Message.Split('\n')[0]); }
    }

    private void Fail(Exception error)
    {
        DvrMetrics.Failures.Add(1);
        if (Interlocked.Exchange(ref _isAway, 1) == 0) { LogAway(error.Message.Split('\n')[0]); }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "What recordings need is away ({Reason}); trying on")]
    private partial void LogAway(string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "What recordings need is back")]
    private partial void LogBack();

    [LoggerMessage(Level = LogLevel.Warning, Message = "The lease to record stream {Stream} could not be given back; it ends by itself: {Reason}")]
    private partial void LogNotReleased(string stream, string reason);
}
