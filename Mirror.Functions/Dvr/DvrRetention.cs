using Mirror.Streams.Events;
using Mirror.Streams.Recordings;

namespace Mirror.Functions.Dvr;

/// <summary>Deletes recordings that are too old or too many, and what crashed nodes left of recordings.</summary>
/// <remarks>
/// Whole recordings go first, the oldest before the others; of those that run, the oldest segments, where there is no other way. Who records
/// finds that out from the index, and goes on.
/// </remarks>
internal sealed partial class DvrRetention(IRecordingArchive archive, RecordingCatalog catalog, IEvents events, DvrOptions options, TimeProvider time, ILogger<DvrRetention> logger)
{
    private const int FewestSegments = 20;                   // that a recording keeps while it runs
    private static readonly TimeSpan RemainsAge = TimeSpan.FromHours(1);     // far longer than it takes to begin or to delete a recording

    /// <summary>Deletes what is to be deleted now.</summary>
    /// <exception cref="Exception">The archive is away.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await DeleteRemainsAsync(cancellationToken);
        DateTime oldest = time.GetUtcNow().UtcDateTime - options.MaxAge;
        List<RecordingSummary> kept = [];
        foreach (RecordingSummary recording in (await catalog.ListAsync(null, cancellationToken)).OrderBy(recording => recording.StartsAt))
        {
            if (recording.IsComplete && recording.EndsAt < oldest) { await ExpireAsync(recording, $"It is older than dvr.max_age, {options.MaxAge}.", cancellationToken); }
            else { kept.Add(recording); }
        }
        foreach (RecordingSummary recording in kept.Where(recording => !recording.IsComplete && recording.StartsAt < oldest))
        {
            await ShortenAsync(recording, (segment, _) => segment.Time + segment.Duration <= oldest, cancellationToken);
        }
        if (options.MaxBytes.Bytes > 0) { await MakeRoomAsync(kept, cancellationToken); }
    }

    /// <summary>Deletes a recording.</summary>
    public async Task ExpireAsync(RecordingSummary recording, string reason, CancellationToken cancellationToken)
    {
        await archive.DeleteAsync(recording.Key, cancellationToken);
        catalog.Forget(recording.Key);
        DvrMetrics.Expired.Add(1);
        LogExpired(recording.Key, reason);
        var happened = new StreamEvent { Stream = recording.StreamId, Recording = recording.Id, Reason = reason, Bytes = recording.Bytes, DurationSeconds = Math.Round(recording.Duration.TotalSeconds, 3) };
        events.Publish(happened.ToCloudEvent(EventTypes.RecordingExpired, time.GetUtcNow()));
    }

    private async Task MakeRoomAsync(List<RecordingSummary> recordings, CancellationToken cancellationToken)
    {
        long excess = recordings.Sum(recording => recording.Bytes) - options.MaxBytes.Bytes;
        foreach (RecordingSummary recording in recordings.Where(recording => recording.IsComplete))
        {
            if (excess <= 0) { return; }
            await ExpireAsync(recording, $"Recordings have more bytes than dvr.max_bytes, {options.MaxBytes}.", cancellationToken);
            excess -= recording.Bytes;
        }
        foreach (RecordingSummary recording in recordings.Where(recording => !recording.IsComplete))
        {
            if (excess <= 0) { return; }
            long limit = excess;
            excess -= await ShortenAsync(recording, (_, removed) => removed < limit, cancellationToken);
        }
    }

    /// <summary>Deletes the oldest segments of a recording that runs.</summary>
    /// <param name="recording">The recording.</param>
    /// <param name="goes">Whether a segment goes as well, from the oldest on; it is told how many bytes have gone before it.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    /// <returns>Bytes deleted.</returns>
    private async Task<long> ShortenAsync(RecordingSummary recording, Func<RecordedSegment, long, bool> goes, CancellationToken cancellationToken)
    {
        var writer = new RecordingWriter(archive, recording.Key);
        await writer.ReadOnAsync(cancellationToken);
        IReadOnlyList<RecordedSegment> timeline = RecordingTimeline.Of(writer.Index);
        long removed = 0;
        int count = 0;
        while (count < timeline.Count - FewestSegments && goes(timeline[count], removed))
        {
            long msn = timeline[count++].Msn;
            removed += writer.Index.Renditions.Sum(rendition => (long)(rendition.Find(msn)?.Length ?? 0));
        }
        if (count == 0) { return 0; }
        await writer.RemoveBeforeAsync(timeline[count].Msn, cancellationToken);
        LogShortened(recording.Key, count, removed);
        return removed;
    }

    private async Task DeleteRemainsAsync(CancellationToken cancellationToken)
    {
        foreach (RecordingKey key in await archive.ListRemainsAsync(cancellationToken))
        {
            DateTimeOffset last = DateTimeOffset.MinValue;
            await foreach (RecordedFile file in archive.ListFilesAsync(key, cancellationToken)) { last = file.WrittenAt > last ? file.WrittenAt : last; }
            if (time.GetUtcNow() - last < RemainsAge) { continue; }
            await archive.DeleteAsync(key, cancellationToken);
            LogRemains(key);
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Recording {Recording} is deleted: {Reason}")]
    private partial void LogExpired(RecordingKey recording, string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "Recording {Recording} runs on without its oldest {Segments} segments, {Bytes} bytes")]
    private partial void LogShortened(RecordingKey recording, int segments, long bytes);

    [LoggerMessage(Level = LogLevel.Information, Message = "What a node that crashed left of recording {Recording} is deleted")]
    private partial void LogRemains(RecordingKey recording);
}
