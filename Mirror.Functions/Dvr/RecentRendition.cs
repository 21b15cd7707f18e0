using Mirror.Streams.Announcements;
using Mirror.Streams.Store;

namespace Mirror.Functions.Dvr;

/// <summary>One live rendition's last segments, as its announcements tell of them. Its owner locks.</summary>
internal sealed class RecentRendition(TimeProvider time)
{
    private const int MostSegments = 8192;                   // an hour of half seconds: the longest retention that is of use here
    private const int LongestSegmentInBytes = 1 << 30;
    private readonly Queue<FinishedSegment> _finished = new();
    private RenditionStarted? _constants;
    private InitReady? _init;
    private OpenSegment? _open;
    private long _nextMsn;

    /// <summary>Segments that can still be read, by number.</summary>
    public IReadOnlyCollection<FinishedSegment> Finished => _finished;

    /// <summary>Number of the last segment that ended; -1 before the first.</summary>
    public long LastMsn { get; private set; } = -1;

    public bool IsEnded { get; private set; }

    /// <summary>Takes the next announcement; what it has had before, or cannot use, changes nothing.</summary>
    /// <returns>Whether a segment, or the rendition, ended.</returns>
    public bool Apply(Announcement announcement)
    {
        switch (announcement)
        {
            case RenditionStarted started: return Start(started);
            case InitReady init:
                _init = init;
                return false;
            case PartReady part:
                return TryOpen(part.Msn, part.PartIndex, part.ProgramTime, part.StartsDiscontinuity, part.IsIndependent, part.Rendition) && Add(part);
            case PartMissing part:
                return TryOpen(part.Msn, part.PartIndex, part.ProgramTime, part.StartsDiscontinuity, isIndependent: false, part.Rendition) && Add(part);
            case SegmentClosed closed: return _open?.Key.Msn == closed.Msn && Finish();
            case RenditionEnded: return End();
            default: return false;
        }
    }

    /// <summary>Lets go of segments that the store of live segments does not have any more.</summary>
    public void Trim(TimeSpan retention)
    {
        while (_finished.TryPeek(out FinishedSegment? oldest) && (_finished.Count > MostSegments || time.GetElapsedTime(oldest.FinishedAt) > retention)) { _finished.Dequeue(); }
    }

    private bool Start(RenditionStarted started)
    {
        IsEnded = false;
        _constants = started;
        if (started.FirstMsn <= _nextMsn) { return false; }          // told again by the bus, or going on
        bool finished = Finish();
        _nextMsn = started.FirstMsn;
        return finished;
    }

    private bool End()
    {
        Finish();
        IsEnded = true;
        return true;
    }

    /// <summary>Whether a part belongs to the open segment, or opens the next. One that came without its beginning is passed over.</summary>
    private bool TryOpen(long msn, int partIndex, DateTime programTime, bool startsDiscontinuity, bool isIndependent, RenditionKey rendition)
    {
        if (_constants is null || _init is null || msn < _nextMsn) { return false; }
        if (_open?.Key.Msn == msn) { return partIndex >= _open.NextPart; }
        if (partIndex != 0) { return false; }
        Finish();
        _nextMsn = msn;
        _open = new OpenSegment(new SegmentKey(rendition, msn), _init, programTime, startsDiscontinuity, isIndependent);
        return true;
    }

    private bool Add(PartReady part)
    {
        OpenSegment open = _open!;
        open.NextPart = part.PartIndex + 1;
        open.Ticks += part.Duration;
        open.Length = Math.Max(open.Length, part.Offset + part.Length);
        return part.EndsSegment && Finish();
    }

    private bool Add(PartMissing part)
    {
        OpenSegment open = _open!;
        open.NextPart = part.PartIndex + 1;
        open.Ticks += part.Duration;
        open.MissingTicks += part.Duration;
        return part.EndsSegment && Finish();
    }

    private bool Finish()
    {
        if (_open is not { } open || _constants is not { } constants) { return false; }
        _open = null;
        _nextMsn = open.Key.Msn + 1;
        if (open.Ticks == 0) { return false; }
        LastMsn = open.Key.Msn;
        int length = open.Length <= LongestSegmentInBytes ? (int)open.Length : 0;
        _finished.Enqueue(new FinishedSegment(open.Key, open.Init, constants.IsVideo, constants.TargetDuration, open.Time, ToTimeSpan(open.Ticks), ToTimeSpan(open.MissingTicks), length,
            open.StartsDiscontinuity, open.IsIndependent, time.GetTimestamp()));
        return true;

        TimeSpan ToTimeSpan(long ticks) => TimeSpan.FromTicks((long)Math.Round((decimal)ticks * TimeSpan.TicksPerSecond / Math.Max(1, constants.Timescale)));
    }

    private sealed record OpenSegment(SegmentKey Key, InitReady Init, DateTime Time, bool StartsDiscontinuity, bool IsIndependent)
    {
        public int NextPart { get; set; }

        public long Ticks { get; set; }

        public long MissingTicks { get; set; }

        public long Length { get; set; }
    }
}
