using Mirror.Media.Frames;
using Mirror.Streams.Announcements;
using Mirror.Streams.Events;
using Mirror.Streams.Recordings;
using Mirror.Streams.Registry;
using Mirror.Streams.Store;

namespace Mirror.Functions.Dvr;

/// <summary>Records one stream while this node holds the lease to do so, and is ready to go on where another stopped.</summary>
/// <remarks>
/// A pass: hold the lease (1), find the recording that is to go on (2), complete it where it is over (3), or else copy what ended since the
/// last pass (4), then say so in the index (5). What was copied but not said is copied again, by this node or the next. Calls never overlap.
/// </remarks>
internal sealed partial class StreamRecorder(string streamId, RecentSegments recent, RecorderServices services, ILogger logger)
{
    /// <summary>How long another node waits for one that crashed.</summary>
    public static readonly TimeSpan LeaseDuration = TimeSpan.FromSeconds(10);

    private const int MostSegmentsPerPass = 256;
    private const int MostAtOnce = 4;
    private static readonly TimeSpan LongestRead = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LongestWaitForOthers = TimeSpan.FromSeconds(10);    // renditions that lag, where a recording is to end
    private static readonly TimeSpan FailureLogInterval = TimeSpan.FromSeconds(10);      // what fails is tried again every second
    private readonly TimeProvider _time = services.Time;
    private readonly DvrOptions _options = services.Options;
    private Lease? _lease;
    private long _renewedAt;
    private bool _hasLooked;
    private RecordingWriter? _recording;
    private long _firstMsn;                                  // nothing below it belongs to the recording: it is in the one before
    private long? _endMsn;                                   // where the recording is to end, so that all its renditions end together
    private long _endingSince;
    private long? _failedAt;

    /// <summary>The recording that is written to.</summary>
    public RecordingKey? Current => _recording?.Key;

    /// <summary>Does what is to be done now.</summary>
    /// <exception cref="Exception">The store, the archive or the registry is away: the next pass tries again.</exception>
    public async Task<RecorderState> PassAsync(RecordingWish wish, CancellationToken cancellationToken)
    {
        // 1.
        if (!await HoldLeaseAsync(cancellationToken)) { return RecorderState.Standby; }
        // 2.
        if (!_hasLooked)
        {
            _recording = await FindOpenAsync(cancellationToken);
            _hasLooked = true;
        }
        // 3.
        if (!wish.IsWanted)
        {
            if (_recording is not null && !await TryEndAsync(cancellationToken)) { return RecorderState.Recording; }
            return RecorderState.Done;
        }
        IReadOnlyList<FinishedSegment> segments = FindNew(wish);
        if (segments.Count == 0) { return await RestAsync(cancellationToken); }
        if (IsBroken(segments[0])) { await CompleteAsync(cancellationToken); }
        if (IsLongEnough && !await TryEndAsync(cancellationToken)) { return RecorderState.Recording; }
        if (_recording is null or { IsGone: true })
        {
            _recording = await BeginAsync(segments[0], cancellationToken);
            segments = FindNew(wish);
        }
        // 4. and 5.
        await RecordAsync(_recording, segments, cancellationToken);
        return RecorderState.Recording;
    }

    /// <summary>Lets another node go on at once.</summary>
    public async Task ReleaseAsync(CancellationToken cancellationToken)
    {
        if (_lease is { } lease) { await services.Leases.ReleaseAsync(lease, cancellationToken); }
        Forget();
    }

    private async Task<bool> HoldLeaseAsync(CancellationToken cancellationToken)
    {
        if (_lease is not null)
        {
            TimeSpan age = _time.GetElapsedTime(_renewedAt);
            if (age < LeaseDuration / 3) { return true; }
            if (age < LeaseDuration && await TryRenewAsync(_lease, cancellationToken)) { return true; }
            LogLost(streamId);
            Forget();
        }
        _lease = await services.Leases.TryAcquireAsync(Lease.RecordingOf(streamId), services.Node.Id, LeaseDuration, cancellationToken);
        _renewedAt = _time.GetTimestamp();
        return _lease is not null;
    }

    private async ValueTask<bool> TryRenewAsync(Lease lease, CancellationToken cancellationToken)
    {
        long now = _time.GetTimestamp();
        try
        {
            if (!await services.Leases.RenewAsync(lease, cancellationToken)) { return false; }
            _renewedAt = now;
            return true;
        }
        catch (Exception error) when (!cancellationToken.IsCancellationRequested)
        {
            Fail("the lease", error);                        // it lasts on for now
            return true;
        }
    }

    private void Forget()
    {
        _lease = null;
        _recording = null;
        _hasLooked = false;
        _endMsn = null;
        _firstMsn = 0;
    }

    /// <summary>The last recording, if it is not complete. Earlier ones that are not either are completed: a node crashed between the two.</summary>
    private async Task<RecordingWriter?> FindOpenAsync(CancellationToken cancellationToken)
    {
        RecordingWriter? open = null;
        IReadOnlyList<RecordingKey> keys = await services.Archive.ListAsync(streamId, cancellationToken);
        for (int i = keys.Count - 1; i >= 0; i--)
        {
            bool isLast = i == keys.Count - 1;
            if (await services.Archive.ReadSmallAsync(keys[i], RecordedFileName.Summary, cancellationToken) is not null)
            {
                if (isLast && await services.Catalog.FindAsync(keys[i], cancellationToken) is { } summary) { _firstMsn = summary.LastMsn + 1; }
                continue;
            }
            var writer = new RecordingWriter(services.Archive, keys[i]);
            await writer.ReadOnAsync(cancellationToken);
            if (isLast && !writer.Index.IsComplete && !writer.IsGone) { open = writer; }
            else { await FinishAsync(writer, cancellationToken); }
        }
        if (open is not null)
        {
            _firstMsn = open.Index.Renditions.Where(rendition => rendition.Segments.Count > 0).Select(rendition => rendition.Segments[0].Msn).DefaultIfEmpty().Min();
            await open.TryAppendAsync([Opened()], cancellationToken);    // for people to know who records: not worth a second try
            LogContinues(open.Key);
            TellStarted(open.Key);
        }
        return open;
    }

    private IReadOnlyList<FinishedSegment> FindNew(RecordingWish wish) => [.. FindNew().Where(segment => segment.End > wish.Since)];

    private IReadOnlyList<FinishedSegment> FindNew()
        => recent.After(rendition => Math.Max(_recording?.Index.Find(rendition)?.LastMsn ?? -1, _firstMsn - 1), MostSegmentsPerPass);

    /// <summary>More is missing than a recording may lack.</summary>
    private bool IsBroken(FinishedSegment next) => _recording is { Index.LastMsn: >= 0 } && next.Time - _recording.Index.EndsAt > _options.ResumeWindow;

    private bool IsLongEnough => _recording is { Index: { LastMsn: >= 0 } index } && index.EndsAt - RecordingTimeline.StartOf(index) >= _options.MaxLength;

    /// <summary>Completes the recording with the last segment that any rendition has, as soon as all of them have it.</summary>
    private async Task<bool> TryEndAsync(CancellationToken cancellationToken)
    {
        if (_endMsn is null) { (_endMsn, _endingSince) = (_recording!.Index.LastMsn + 1, _time.GetTimestamp()); }
        FinishedSegment[] rest = [.. FindNew().Where(segment => segment.Msn < _endMsn)];
        if (rest.Length > 0) { await RecordAsync(_recording!, rest, cancellationToken); }
        if (!recent.HasReached(_endMsn.Value - 1) && _time.GetElapsedTime(_endingSince) < LongestWaitForOthers) { return false; }
        await CompleteAsync(cancellationToken);
        return true;
    }

    /// <summary>Nothing is new: the recording is over if the stream is, or has been silent for too long.</summary>
    private async Task<RecorderState> RestAsync(CancellationToken cancellationToken)
    {
        if (!recent.IsEnded && recent.Silence <= _options.ResumeWindow) { return RecorderState.Recording; }
        await CompleteAsync(cancellationToken);
        return RecorderState.Done;
    }

    private async Task<RecordingWriter> BeginAsync(FinishedSegment first, CancellationToken cancellationToken)
    {
        var writer = new RecordingWriter(services.Archive, RecordingKey.At(streamId, first.Time));
        if (!await writer.TryAppendAsync([Opened()], cancellationToken) && writer.Index.IsComplete)
        {
            // A recording of the same moment, ended by a wish: the next one is a little later.
            writer = new RecordingWriter(services.Archive, RecordingKey.At(streamId, _time.GetUtcNow().UtcDateTime));
            await writer.TryAppendAsync([Opened()], cancellationToken);
        }
        _firstMsn = Math.Max(_firstMsn, first.Msn);
        LogBegins(writer.Key);
        TellStarted(writer.Key);
        return writer;
    }

    private RecordingOpened Opened() => new(_time.GetUtcNow().UtcDateTime, services.Node.Id);

    private async Task RecordAsync(RecordingWriter recording, IReadOnlyList<FinishedSegment> segments, CancellationToken cancellationToken)
    {
        var lengths = new int?[segments.Count];
        bool hasFailed = false;                              // the rest waits for the next pass: a storage that is away costs each call its time limit
        await Parallel.ForEachAsync(Enumerable.Range(0, segments.Count), new ParallelOptions { MaxDegreeOfParallelism = MostAtOnce, CancellationToken = cancellationToken }, async (i, token) =>
        {
            if (Volatile.Read(ref hasFailed)) { return; }
            lengths[i] = await TryCopyAsync(recording, segments[i], token);
            if (lengths[i] is null) { Volatile.Write(ref hasFailed, true); }
        });
        List<RecordingEntry> entries = [];
        List<(FinishedSegment Segment, int Length)> done = [];
        HashSet<string> failed = new(StringComparer.Ordinal);            // a rendition's entries are in the order of their numbers
        long last = recording.Index.LastMsn;
        Dictionary<string, string?> inits = new(StringComparer.Ordinal);
        for (int i = 0; i < segments.Count; i++)
        {
            FinishedSegment segment = segments[i];
            if (lengths[i] is not { } length || failed.Contains(segment.Rendition))
            {
                failed.Add(segment.Rendition);
                continue;
            }
            // A rendition begins with something that is there: a newcomer is told of segments that the store has just let go of.
            bool hasBegun = inits.ContainsKey(segment.Rendition) || recording.Index.Find(segment.Rendition) is { LastMsn: >= 0 };
            if (length == 0 && !hasBegun) { continue; }
            if (!inits.TryGetValue(segment.Rendition, out string? init)) { init = recording.Index.Find(segment.Rendition)?.Inits[^1].Name; }
            if (init != segment.Init.Name)
            {
                if (!await TryCopyInitAsync(recording, segment, cancellationToken))
                {
                    failed.Add(segment.Rendition);
                    continue;
                }
                entries.Add(new InitRecorded(segment.Rendition, segment.Init.Name, segment.Init.Length, segment.IsVideo, segment.TargetDuration, segment.Init.Track));
            }
            inits[segment.Rendition] = segment.Init.Name;
            // Numbers that nobody knows of lie between two processes, or were lost: what follows has a clock of its own.
            bool isJump = last >= 0 && segment.Msn > last + 1;
            last = Math.Max(last, segment.Msn);
            entries.Add(EntryOf(segment, length, isJump));
            done.Add((segment, length));
        }
        if (entries.Count == 0 || !await recording.TryAppendAsync(entries, cancellationToken)) { return; }
        foreach ((FinishedSegment segment, int length) in done) { Count(segment, length); }
    }

    private static SegmentRecorded EntryOf(FinishedSegment segment, int length, bool isJump)
        => new(segment.Rendition, segment.Msn, segment.Time, segment.Duration.Ticks, length)
        {
            MissingTicks = length == 0 ? segment.Duration.Ticks : segment.Missing.Ticks,
            StartsDiscontinuity = segment.StartsDiscontinuity || isJump,
            IsIndependent = segment.IsIndependent,
        };

    /// <returns>The length of what was copied; 0 where the store does not have the segment; <see langword="null"/> where it is to be tried again.</returns>
    private async ValueTask<int?> TryCopyAsync(RecordingWriter recording, FinishedSegment segment, CancellationToken cancellationToken)
    {
        if (segment.Length == 0) { return 0; }
        try
        {
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            patience.CancelAfter(LongestRead);
            if (await services.Store.ReadAsync(segment.Key, 0, segment.Length, patience.Token) is not { } bytes) { return 0; }
            try { await services.Archive.PutAsync(recording.Key, RecordedFileName.OfSegment(segment.Rendition, segment.Msn), bytes.Memory, cancellationToken); }
            finally { bytes.Release(); }
            return segment.Length;
        }
        catch (Exception error) when (!cancellationToken.IsCancellationRequested)
        {
            Fail($"segment {segment.Rendition}/{segment.Msn}", error);
            return null;
        }
    }

    private async ValueTask<bool> TryCopyInitAsync(RecordingWriter recording, FinishedSegment segment, CancellationToken cancellationToken)
    {
        InitReady init = segment.Init;
        try
        {
            if (await services.Store.ReadInitAsync(init.Rendition, init.Name, cancellationToken) is not { } bytes) { throw new IOException("The store does not have it."); }
            try { await services.Archive.PutAsync(recording.Key, RecordedFileName.OfInit(segment.Rendition, init.Name), bytes.Memory, cancellationToken); }
            finally { bytes.Release(); }
            return true;
        }
        catch (Exception error) when (!cancellationToken.IsCancellationRequested)
        {
            Fail($"initialization segment {segment.Rendition}/{init.Name}", error);
            return false;
        }
    }

    private async Task CompleteAsync(CancellationToken cancellationToken)
    {
        if (_recording is { } recording) { await FinishAsync(recording, cancellationToken); }
        _recording = null;
        _endMsn = null;
    }

    private async Task FinishAsync(RecordingWriter recording, CancellationToken cancellationToken)
    {
        _firstMsn = Math.Max(_firstMsn, recording.Index.LastMsn + 1);    // the next recording repeats nothing of this one
        RecordingSummary? summary = await recording.CompleteAsync(_time.GetUtcNow().UtcDateTime, cancellationToken);
        services.Catalog.Forget(recording.Key);
        if (summary is null) { return; }
        LogReady(recording.Key, summary.Duration.TotalSeconds, summary.Bytes);
        Tell(EventTypes.RecordingReady, new StreamEvent
        {
            Stream = streamId,
            Recording = summary.Id,
            Node = services.Node.Id,
            DurationSeconds = Math.Round(summary.Duration.TotalSeconds, 3),
            Bytes = summary.Bytes,
            Playlist = summary.Key.PlaylistPath,
        });
    }

    private void Count(FinishedSegment segment, int length)
    {
        (length == 0 ? DvrMetrics.Gaps : DvrMetrics.Segments).Add(1);
        DvrMetrics.Bytes.Add(length);
        DvrMetrics.Lag.Record(_time.GetElapsedTime(segment.FinishedAt).TotalSeconds);
    }

    private void Fail(string what, Exception error)
    {
        DvrMetrics.Failures.Add(1);
        if (_failedAt is { } at && _time.GetElapsedTime(at) < FailureLogInterval) { return; }
        _failedAt = _time.GetTimestamp();
        LogFailed(streamId, what, error.Message.Split('\n')[0]);
    }

    private void TellStarted(RecordingKey key)
        => Tell(EventTypes.RecordingStarted, new StreamEvent { Stream = streamId, Recording = key.Id, Node = services.Node.Id, Playlist = key.PlaylistPath });

    private void Tell(string type, StreamEvent happened) => services.Events.Publish(happened.ToCloudEvent(type, _time.GetUtcNow()));

    [LoggerMessage(Level = LogLevel.Information, Message = "Recording {Recording} begins")]
    private partial void LogBegins(RecordingKey recording);

    [LoggerMessage(Level = LogLevel.Information, Message = "Recording {Recording} goes on")]
    private partial void LogContinues(RecordingKey recording);

    [LoggerMessage(Level = LogLevel.Information, Message = "Recording {Recording} is complete: {Seconds:F1} s, {Bytes} bytes")]
    private partial void LogReady(RecordingKey recording, double seconds, long bytes);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Stream {Stream} is recorded by another node from now on")]
    private partial void LogLost(string stream);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Stream {Stream}: {What} could not be recorded and is tried again: {Reason}")]
    private partial void LogFailed(string stream, string what, string reason);
}
