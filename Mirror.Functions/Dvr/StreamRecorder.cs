using Mirror.Streams.Events;
using Mirror.Streams.Recordings;
using Mirror.Streams.Registry;

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
    private static readonly TimeSpan LongestWaitForOthers = TimeSpan.FromSeconds(10);    // renditions that lag, or cannot be copied, where a recording is to end
    private readonly TimeProvider _time = services.Time;
    private readonly DvrOptions _options = services.Options;
    private readonly SegmentCopier _copier = new(streamId, services, logger);
    private Lease? _lease;
    private long _renewedAt;
    private bool _hasLooked;
    private RecordingWriter? _recording;
    private long _firstMsn;                                  // nothing below it belongs to the recording: it is in the one before
    private long? _endMsn;                                   // where the recording is to end, so that all its renditions end together
    private long _endingSince;

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
        IReadOnlyList<FinishedSegment> segments = FindNew(wish.Since);
        if (segments.Count == 0) { return await RestAsync(cancellationToken); }
        if (IsBroken(segments[0])) { await CompleteAsync(cancellationToken); }
        if (IsLongEnough && !await TryEndAsync(cancellationToken)) { return RecorderState.Recording; }
        if (_recording is null or { IsGone: true })
        {
            _recording = await BeginAsync(segments[0], cancellationToken);
            segments = FindNew(wish.Since);
        }
        // 4. and 5.
        CopyOutcome outcome = await CopyAsync(segments, cancellationToken);
        return outcome == CopyOutcome.Cut ? RecorderState.Behind : RecorderState.Recording;
    }

    private async Task<CopyOutcome> CopyAsync(IReadOnlyList<FinishedSegment> segments, CancellationToken cancellationToken)
    {
        CopyOutcome outcome = await _copier.RecordAsync(_recording!, segments, cancellationToken);
        if (_copier.Failure is { } reason) { services.Faults.Failed(streamId, _recording!.Key, reason); }
        else if (outcome != CopyOutcome.Failed) { services.Faults.Succeeded(streamId, _recording!.Key); }
        return outcome;
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
        catch (Exception) when (!cancellationToken.IsCancellationRequested)
        {
            DvrMetrics.Failures.Add(1);
            return true;                                     // it lasts on for now
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

    /// <summary>What ended after a moment and is not recorded yet.</summary>
    private IReadOnlyList<FinishedSegment> FindNew(DateTime since)
        => recent.After(rendition => Math.Max(_recording?.Index.Find(rendition)?.LastMsn ?? -1, _firstMsn - 1), since, MostSegmentsPerPass);

    /// <summary>More is missing than a recording may lack.</summary>
    private bool IsBroken(FinishedSegment next) => _recording is { Index.LastMsn: >= 0 } && next.Time - _recording.Index.EndsAt > _options.ResumeWindow;

    private bool IsLongEnough => _recording is { Index: { LastMsn: >= 0 } index } && index.EndsAt - RecordingTimeline.StartOf(index) >= _options.MaxLength;

    /// <summary>Completes the recording with the last segment that any rendition has, as soon as all of them have it.</summary>
    private async Task<bool> TryEndAsync(CancellationToken cancellationToken)
    {
        if (_endMsn is null) { (_endMsn, _endingSince) = (_recording!.Index.LastMsn + 1, _time.GetTimestamp()); }
        FinishedSegment[] rest = [.. FindNew(DateTime.MinValue).Where(segment => segment.Msn < _endMsn)];
        CopyOutcome outcome = rest.Length == 0 ? CopyOutcome.Done : await CopyAsync(rest, cancellationToken);
        if (outcome == CopyOutcome.Cut) { _endingSince = _time.GetTimestamp(); }
        if (!(outcome == CopyOutcome.Done && recent.HasReached(_endMsn.Value - 1)) && _time.GetElapsedTime(_endingSince) < LongestWaitForOthers) { return false; }
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
}
