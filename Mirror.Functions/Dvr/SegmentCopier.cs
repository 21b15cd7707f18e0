using Mirror.Media.Frames;
using Mirror.Streams.Announcements;
using Mirror.Streams.Recordings;

namespace Mirror.Functions.Dvr;

/// <summary>What became of a number of segments that were to be recorded.</summary>
internal enum CopyOutcome
{
    /// <summary>All of them are, or are known to be gaps.</summary>
    Done,

    /// <summary>Time was up: the next call goes on with the rest.</summary>
    Cut,

    /// <summary>The store, the archive or another writer was in the way: the next call tries again.</summary>
    Failed,
}

/// <summary>Copies one stream's segments from the store of live segments into the archive. Calls never overlap.</summary>
internal sealed partial class SegmentCopier(string streamId, RecorderServices services, ILogger logger)
{
    private const int MostAtOnce = 4;
    private static readonly TimeSpan LongestCall = TimeSpan.FromSeconds(6);              // within what is left of a lease that is not due for renewal
    private static readonly TimeSpan LastBegin = TimeSpan.FromSeconds(2);                // of a copy: the rest of the call is for those under way
    private static readonly TimeSpan FailureLogInterval = TimeSpan.FromSeconds(10);      // what fails is tried again every second
    private long? _failedAt;

    /// <summary>Why the last call failed; <see langword="null"/> if nothing did.</summary>
    public string? Failure { get; private set; }

    /// <summary>Copies segments, and appends those that are done to the index.</summary>
    /// <remarks>
    /// It takes a few seconds at most, however slow the storage: what is not done by then, or fails, is left for the next call. An index that
    /// others wrote to meanwhile is read on, and nothing appended.
    /// </remarks>
    public async Task<CopyOutcome> RecordAsync(RecordingWriter recording, IReadOnlyList<FinishedSegment> segments, CancellationToken cancellationToken)
    {
        Failure = null;
        using var limit = new CancellationTokenSource(LongestCall, services.Time);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        (int?[] lengths, CopyOutcome outcome) = await CopyAsync(recording, segments, patience.Token, cancellationToken);
        List<RecordingEntry> entries = [];
        List<(FinishedSegment Segment, int Length)> done = [];
        HashSet<string> failed = new(StringComparer.Ordinal);            // a rendition's entries are in the order of their numbers
        long last = recording.Index.LastMsn;
        Dictionary<string, (string Name, CaptionServices? Captions)> inits = new(StringComparer.Ordinal);
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
            if (!inits.TryGetValue(segment.Rendition, out (string Name, CaptionServices? Captions) init) && recording.Index.Find(segment.Rendition)?.Inits[^1] is { } recorded)
            {
                init = (recorded.Name, CaptionsOf(recorded.Track));
            }
            CaptionServices? captions = CaptionsOf(segment.Init.Track);
            bool isOther = init.Name != segment.Init.Name;
            if (isOther || (captions is not null && !captions.Equals(init.Captions)))
            {
                if (isOther && !await TryCopyInitAsync(recording, segment, patience.Token, cancellationToken))
                {
                    outcome = CopyOutcome.Failed;
                    failed.Add(segment.Rendition);
                    continue;
                }
                entries.Add(new InitRecorded(segment.Rendition, segment.Init.Name, segment.Init.Length, segment.IsVideo, segment.TargetDuration, segment.Init.Track));
            }
            inits[segment.Rendition] = (segment.Init.Name, captions);
            // Numbers that nobody knows of lie between two processes, or were lost: what follows has a clock of its own.
            bool isJump = last >= 0 && segment.Msn > last + 1;
            last = Math.Max(last, segment.Msn);
            entries.Add(EntryOf(segment, length, isJump));
            done.Add((segment, length));
        }
        if (entries.Count == 0) { return outcome; }
        if (!await recording.TryAppendAsync(entries, cancellationToken)) { return CopyOutcome.Failed; }
        foreach ((FinishedSegment segment, int length) in done) { Count(segment, length); }
        return outcome;
    }

    private async Task<(int?[] Lengths, CopyOutcome Outcome)> CopyAsync(RecordingWriter recording, IReadOnlyList<FinishedSegment> segments, CancellationToken patience, CancellationToken cancellationToken)
    {
        var lengths = new int?[segments.Count];
        long started = services.Time.GetTimestamp();
        int outcome = (int)CopyOutcome.Done;                 // once it is not, the rest waits for the next call: a storage that is away costs each copy its time limit
        await Parallel.ForEachAsync(Begin(), new ParallelOptions { MaxDegreeOfParallelism = MostAtOnce, CancellationToken = cancellationToken }, async (i, _) =>
        {
            lengths[i] = await TryCopyAsync(recording, segments[i], patience, cancellationToken);
            if (lengths[i] is null) { Volatile.Write(ref outcome, (int)CopyOutcome.Failed); }
        });
        return (lengths, (CopyOutcome)outcome);

        // In order: what was copied behind one that was not begun would be copied again.
        IEnumerable<int> Begin()
        {
            for (int i = 0; i < segments.Count; i++)
            {
                if (services.Time.GetElapsedTime(started) > LastBegin) { Interlocked.CompareExchange(ref outcome, (int)CopyOutcome.Cut, (int)CopyOutcome.Done); }
                if (Volatile.Read(ref outcome) != (int)CopyOutcome.Done) { yield break; }
                yield return i;
            }
        }
    }

    private static CaptionServices? CaptionsOf(Track track) => (track as VideoTrack)?.Captions;

    private static SegmentRecorded EntryOf(FinishedSegment segment, int length, bool isJump)
        => new(segment.Rendition, segment.Msn, segment.Time, segment.Duration.Ticks, length)
        {
            MissingTicks = length == 0 ? segment.Duration.Ticks : segment.Missing.Ticks,
            StartsDiscontinuity = segment.StartsDiscontinuity || isJump,
            IsIndependent = segment.IsIndependent,
        };

    /// <returns>The length of what was copied; 0 where the store does not have the segment; <see langword="null"/> where it is to be tried again.</returns>
    private async ValueTask<int?> TryCopyAsync(RecordingWriter recording, FinishedSegment segment, CancellationToken patience, CancellationToken cancellationToken)
    {
        if (segment.Length == 0) { return 0; }
        try
        {
            if (await services.Store.ReadAsync(segment.Key, 0, segment.Length, patience) is not { } bytes) { return 0; }
            try { await services.Archive.PutAsync(recording.Key, RecordedFileName.OfSegment(segment.Rendition, segment.Msn), bytes.Memory, patience); }
            finally { bytes.Release(); }
            return segment.Length;
        }
        catch (Exception error) when (!cancellationToken.IsCancellationRequested)
        {
            Fail($"segment {segment.Rendition}/{segment.Msn}", error);
            return null;
        }
    }

    private async ValueTask<bool> TryCopyInitAsync(RecordingWriter recording, FinishedSegment segment, CancellationToken patience, CancellationToken cancellationToken)
    {
        InitReady init = segment.Init;
        try
        {
            if (await services.Store.ReadInitAsync(init.Rendition, init.Name, patience) is not { } bytes) { throw new IOException("The store does not have it."); }
            try { await services.Archive.PutAsync(recording.Key, RecordedFileName.OfInit(segment.Rendition, init.Name), bytes.Memory, patience); }
            finally { bytes.Release(); }
            return true;
        }
        catch (Exception error) when (!cancellationToken.IsCancellationRequested)
        {
            Fail($"initialization segment {segment.Rendition}/{init.Name}", error);
            return false;
        }
    }

    private void Count(FinishedSegment segment, int length)
    {
        (length == 0 ? DvrMetrics.Gaps : DvrMetrics.Segments).Add(1);
        DvrMetrics.Bytes.Add(length);
        DvrMetrics.Lag.Record(services.Time.GetElapsedTime(segment.FinishedAt).TotalSeconds);
    }

    private void Fail(string what, Exception error)
    {
        DvrMetrics.Failures.Add(1);
        Failure = error.Message.Split('\n')[0];
        if (_failedAt is { } at && services.Time.GetElapsedTime(at) < FailureLogInterval) { return; }
        _failedAt = services.Time.GetTimestamp();
        LogFailed(streamId, what, error.Message.Split('\n')[0]);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Stream {Stream}: {What} could not be recorded and is tried again: {Reason}")]
    private partial void LogFailed(string stream, string what, string reason);
}
