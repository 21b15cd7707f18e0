using System.Text.Json;

namespace Mirror.Streams.Recordings;

/// <summary>Reads recordings' indexes, each once for all who ask, and what is new in them no more often than it matters.</summary>
/// <remarks>Keeps the indexes that were asked for last, as many as have <see cref="MostSegments"/> segments.</remarks>
/// <param name="archive">Where recordings are.</param>
/// <param name="time">The clock.</param>
public sealed class RecordingCatalog(IRecordingArchive archive, TimeProvider time)
{
    /// <summary>Segments of all indexes that are kept: about 100 MB.</summary>
    public const int MostSegments = 1_000_000;

    private static readonly TimeSpan RunningAge = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan CompleteAge = TimeSpan.FromSeconds(10);         // one that is complete can only be deleted
    private readonly Lock _lock = new();
    private readonly Dictionary<RecordingKey, OpenRecording> _open = [];
    private readonly Dictionary<RecordingKey, RecordingSummary> _complete = [];

    /// <summary>A recording; <see langword="null"/> if there is none.</summary>
    /// <exception cref="Exception">The archive is away.</exception>
    public async ValueTask<OpenRecording?> OpenAsync(RecordingKey key, CancellationToken cancellationToken)
    {
        if (!key.IsValid) { return null; }
        OpenRecording recording;
        lock (_lock)
        {
            if (!_open.TryGetValue(key, out OpenRecording? known)) { _open[key] = known = new OpenRecording(key); }
            recording = known;
            recording.UsedAt = time.GetTimestamp();
        }
        bool isThere = await recording.RefreshAsync(archive, time, RunningAge, CompleteAge).WaitAsync(cancellationToken);
        lock (_lock)
        {
            if (!isThere && _open.GetValueOrDefault(key) == recording) { _open.Remove(key); }
            Trim();
        }
        return isThere ? recording : null;
    }

    /// <summary>All recordings in short, by stream and time. Summaries of those that are complete are read once.</summary>
    /// <param name="streamId">Of this stream; <see langword="null"/>: of all.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    public async ValueTask<IReadOnlyList<RecordingSummary>> ListAsync(string? streamId, CancellationToken cancellationToken)
    {
        IReadOnlyList<RecordingKey> keys = await archive.ListAsync(streamId, cancellationToken);
        List<RecordingSummary> summaries = [];
        foreach (RecordingKey key in keys)
        {
            RecordingSummary? summary;
            lock (_lock) { summary = _complete.GetValueOrDefault(key); }
            summary ??= await FindAsync(key, cancellationToken);
            if (summary is not null) { summaries.Add(summary); }
        }
        HashSet<RecordingKey> there = [.. keys];
        lock (_lock)
        {
            foreach (RecordingKey gone in _complete.Keys.Where(key => (streamId is null || key.StreamId == streamId) && !there.Contains(key)).ToArray()) { _complete.Remove(gone); }
        }
        return summaries;
    }

    /// <summary>A recording in short; <see langword="null"/> if there is none, or not any more.</summary>
    public async ValueTask<RecordingSummary?> FindAsync(RecordingKey key, CancellationToken cancellationToken)
    {
        if (!key.IsValid) { return null; }
        if (await ReadSummaryAsync(key, cancellationToken) is { } complete)
        {
            lock (_lock) { _complete[key] = complete; }
            return complete;
        }
        return await OpenAsync(key, cancellationToken) is { } recording ? recording.Read(index => RecordingSummary.Of(key, index)) : null;
    }

    /// <summary>Forgets a recording that was deleted.</summary>
    public void Forget(RecordingKey key)
    {
        lock (_lock)
        {
            _open.Remove(key);
            _complete.Remove(key);
        }
    }

    private async ValueTask<RecordingSummary?> ReadSummaryAsync(RecordingKey key, CancellationToken cancellationToken)
    {
        if (await archive.ReadSmallAsync(key, RecordedFileName.Summary, cancellationToken) is not { } bytes) { return null; }
        try { return JsonSerializer.Deserialize(bytes, RecordingsJson.Default.RecordingSummary) is { Renditions: not null, Gaps: not null } summary && summary.Key == key ? summary : null; }
        catch (JsonException) { return null; }               // the index says the same
    }

    /// <summary>Lets go of what was asked for longest ago, while there is too much; the last that was asked for stays.</summary>
    private void Trim()
    {
        while (_open.Count > 1 && _open.Values.Sum(recording => (long)recording.SegmentCount) > MostSegments)
        {
            _open.Remove(_open.Values.MinBy(recording => recording.UsedAt)!.Key);
        }
    }
}
