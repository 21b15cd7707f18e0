using Mirror.Streams.Announcements;

namespace Mirror.Functions.Dvr;

/// <summary>One live stream's last segments, for as long as they can be read: what whoever records the stream, or takes over from another, has yet to copy. Thread-safe.</summary>
/// <remarks>It is the recorder's queue: bounded by the retention of the store of live segments, and holding no media.</remarks>
/// <param name="retention">How long a segment can be read after its end.</param>
/// <param name="time">The clock.</param>
internal sealed class RecentSegments(TimeSpan retention, TimeProvider time)
{
    private const int MostRenditions = 64;
    private readonly Lock _lock = new();
    private readonly Dictionary<string, RecentRendition> _renditions = new(StringComparer.Ordinal);
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _epoch;
    private long _heardAt = time.GetTimestamp();

    /// <summary>How long nothing was announced.</summary>
    public TimeSpan Silence => time.GetElapsedTime(Volatile.Read(ref _heardAt));

    /// <summary>All renditions that were announced have ended.</summary>
    public bool IsEnded
    {
        get { lock (_lock) { return _renditions.Count > 0 && _renditions.Values.All(rendition => rendition.IsEnded); } }
    }

    /// <summary>Takes an announcement of the stream.</summary>
    public void Apply(Announcement announcement)
    {
        bool isNews;
        lock (_lock)
        {
            if (announcement.Rendition.Epoch < _epoch) { return; }      // a packager that lost the stream and does not know it yet
            _epoch = announcement.Rendition.Epoch;
            if (!_renditions.TryGetValue(announcement.Rendition.Rendition, out RecentRendition? rendition))
            {
                if (announcement is not RenditionStarted || _renditions.Count == MostRenditions) { return; }
                _renditions[announcement.Rendition.Rendition] = rendition = new RecentRendition(time);
            }
            isNews = rendition.Apply(announcement);
            if (isNews) { rendition.Trim(retention); }
        }
        Volatile.Write(ref _heardAt, time.GetTimestamp());
        if (isNews) { Interlocked.Exchange(ref _changed, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult(); }
    }

    /// <summary>Segments in the order of their numbers, the same number's video first.</summary>
    /// <param name="lastMsnOf">The last number of a rendition that is done.</param>
    /// <param name="since">Segments that end no later are left out.</param>
    /// <param name="most">Segments at most.</param>
    public IReadOnlyList<FinishedSegment> After(Func<string, long> lastMsnOf, DateTime since, int most)
    {
        lock (_lock)
        {
            foreach (RecentRendition rendition in _renditions.Values) { rendition.Trim(retention); }
            return [.. _renditions
                .SelectMany(rendition => NewOf(rendition.Value, lastMsnOf(rendition.Key)))
                .Where(segment => segment.End > since)
                .OrderBy(segment => segment.Msn).ThenBy(segment => !segment.IsVideo).ThenBy(segment => segment.Rendition, StringComparer.Ordinal)
                .Take(most)];
        }
    }

    /// <summary>Whether all renditions that go on have reached a number, so that nothing below it will come.</summary>
    public bool HasReached(long msn)
    {
        lock (_lock) { return _renditions.Values.All(rendition => rendition.IsEnded || rendition.LastMsn >= msn); }
    }

    /// <summary>Completes when a segment or a rendition ends after this call.</summary>
    public Task Next() => Volatile.Read(ref _changed).Task;

    private static IEnumerable<FinishedSegment> NewOf(RecentRendition rendition, long lastMsn)
        => rendition.LastMsn <= lastMsn ? [] : rendition.Finished.SkipWhile(segment => segment.Msn <= lastMsn);
}
