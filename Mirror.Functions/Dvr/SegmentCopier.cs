using Mirror.Streams.Announcements;
using Mirror.Streams.Recordings;

namespace Mirror.Functions.Dvr;

/// <summary>Copies one stream's segments from the store of live segments into the archive. Calls never overlap.</summary>
internal sealed partial class SegmentCopier(string streamId, RecorderServices services, ILogger logger)
{
    private const int MostAtOnce = 4;
    private static readonly TimeSpan LongestRead = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan FailureLogInterval = TimeSpan.FromSeconds(10);      // what fails is tried again every second
    private long? _failedAt;

    /// <summary>Copies segments, and appends those that are done to the index.</summary>
    /// <remarks>What fails is logged, and left for the next call. An index that others wrote to meanwhile is read on, and nothing appended.</remarks>
    public async Task RecordAsync(RecordingWriter recording, IReadOnlyList<FinishedSegment> segments, CancellationToken cancellationToken)
    {
        int?[] lengths = await CopyAsync(recording, segments, cancellationToken);
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

    private async Task<int?[]> CopyAsync(RecordingWriter recording, IReadOnlyList<FinishedSegment> segments, CancellationToken cancellationToken)
    {
        var lengths = new int?[segments.Count];
        bool hasFailed = false;                              // the rest waits for the next pass: a storage that is away costs each call its time limit
        await Parallel.ForEachAsync(Enumerable.Range(0, segments.Count), new ParallelOptions { MaxDegreeOfParallelism = MostAtOnce, CancellationToken = cancellationToken }, async (i, token) =>
        {
            if (Volatile.Read(ref hasFailed)) { return; }
            lengths[i] = await TryCopyAsync(recording, segments[i], token);
            if (lengths[i] is null) { Volatile.Write(ref hasFailed, true); }
        });
        return lengths;
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

    private void Count(FinishedSegment segment, int length)
    {
        (length == 0 ? DvrMetrics.Gaps : DvrMetrics.Segments).Add(1);
        DvrMetrics.Bytes.Add(length);
        DvrMetrics.Lag.Record(services.Time.GetElapsedTime(segment.FinishedAt).TotalSeconds);
    }

    private void Fail(string what, Exception error)
    {
        DvrMetrics.Failures.Add(1);
        if (_failedAt is { } at && services.Time.GetElapsedTime(at) < FailureLogInterval) { return; }
        _failedAt = services.Time.GetTimestamp();
        LogFailed(streamId, what, error.Message.Split('\n')[0]);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Stream {Stream}: {What} could not be recorded and is tried again: {Reason}")]
    private partial void LogFailed(string stream, string what, string reason);
}
