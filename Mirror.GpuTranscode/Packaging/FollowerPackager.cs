namespace Mirror.GpuTranscode.Packaging;

/// <summary>Cuts one encoded rendition where the source was cut: the same boundaries, media sequence numbers and discontinuities.</summary>
/// <remarks>
/// What is encoded comes some tens of milliseconds after the source's cuts are known. Where it stays away, because its worker died or
/// could not keep up, the hole is marked as gaps, so that numbers stay equal and players go elsewhere. What comes after such a
/// hole continues the timeline: another encoder with the same settings makes the same parameter sets, and a discontinuity of one rendition
/// alone would break the rule that matching content has matching discontinuity sequence numbers (draft-pantos-hls-rfc8216bis §6.2.4).
/// Not thread-safe.
/// </remarks>
internal abstract class FollowerPackager
{
    protected const long RoundingTicks90k = 4;
    private const int MostCuts = 64;                         // half a minute of segments
    private const long AfterLag90k = VideoPackager.Timescale * 7 / 4;     // to encode what was decoded at the last moment, or to replace a worker
    private const long LongestStart90k = 5 * VideoPackager.Timescale;     // until it is settled: a worker starts late, opens one codec after another, and makes up for it
    private const long Settling90k = 5 * VideoPackager.Timescale;         // of frames that all come in time

    private readonly TimeProvider _time;
    private readonly long _longestLag90k;
    private readonly LinkedList<Cut> _cuts = new();
    private LinkedListNode<Cut>? _decided;
    private int _newestTimeline;
    private (int Timeline, long Pts90k) _source;
    private (int Timeline, long Pts90k)? _inTimeSince;
    private bool _isSettled;

    /// <param name="rendition">Packages the frames.</param>
    /// <param name="maxLag">How late a frame may be decoded; what has not come some time after that won't come.</param>
    /// <param name="time">Tells when the last frame came.</param>
    protected FollowerPackager(RenditionPackager rendition, TimeSpan maxLag, TimeProvider time)
    {
        (Rendition, _time) = (rendition, time);
        _longestLag90k = AfterLag90k + (long)(maxLag.TotalSeconds * VideoPackager.Timescale);
        IsPlayed = rendition.Plan.Continued is not null;
        LastWritten = time.GetTimestamp();
    }

    /// <summary>When the last frame came, in <see cref="TimeProvider.GetTimestamp"/> ticks; before a timeline's first, when that began.</summary>
    public long LastWritten { get; private set; }

    /// <summary>Whether anybody may be playing it: frames came, or another node's did before.</summary>
    public bool IsPlayed { get; private set; }

    protected RenditionPackager Rendition { get; }

    /// <summary>The cut that frames are behind; <see langword="null"/> before the first.</summary>
    protected Cut? Segment { get; private set; }

    /// <summary>How much the last frame before a cut may fall short of it, in ticks of the rendition: more is a hole.</summary>
    protected abstract long LargestStretch { get; }

    /// <summary>The source begins a segment, on a new timeline or the one in force.</summary>
    public void AddCut(Cut cut)
    {
        // A publisher who was away sent nothing to encode: silence counts from his return.
        if (cut.Timeline != _newestTimeline) { (_newestTimeline, LastWritten) = (cut.Timeline, _time.GetTimestamp()); }
        if (_decided is { List: not null } && _decided.Value.Timeline == cut.Timeline && _decided.Value.Msn == cut.Msn) { _decided.Value = cut; }
        else
        {
            Undecide();
            if (Segment is not { } segment || cut.Msn > segment.Msn) { Append(cut); }
        }
        _decided = null;
    }

    /// <summary>The source will begin a segment.</summary>
    public void Decide(Cut cut) => _decided = Append(cut);

    /// <summary>The source won't begin a segment where it was decided.</summary>
    public void Undecide()
    {
        if (_decided?.List is not null) { _cuts.Remove(_decided); }
        _decided = null;
    }

    /// <summary>The source has come this far: what is missing for too long is marked as gaps.</summary>
    public void OnSource(int timeline, long pts90k)
    {
        _source = (timeline, pts90k);
        long longest = _isSettled ? _longestLag90k : Math.Max(_longestLag90k, LongestStart90k);
        while (_cuts.First is { } next && next != _decided && (next.Value.Timeline < timeline || next.Value.Pts90k < pts90k - longest)) { Begin(next.Value); }
    }

    /// <summary>No frames come any more for now: what is complete goes out.</summary>
    public void Interrupt() => Rendition.CloseSegment();

    /// <summary>The rendition is over.</summary>
    public void End() => Rendition.End();

    /// <summary>A presentation time of the source, in ticks of the rendition.</summary>
    protected abstract long ToTicks(long pts90k);

    /// <summary>A timeline starts at a cut; its first frame may come later.</summary>
    protected abstract void StartTimeline(long start);

    /// <summary>A frame has come: segments that it is behind begin.</summary>
    protected void BeginSegments(int timeline, long pts90k)
    {
        LastWritten = _time.GetTimestamp();
        IsPlayed = true;
        if (!_isSettled) { Settle(timeline, pts90k); }
        while (_cuts.First is { } next && IsReached(next.Value, timeline, pts90k)) { Begin(next.Value); }
    }

    /// <summary>How far the next cut is, that the source has made or is sure to make, in 90 kHz ticks; far where there is none on this timeline.</summary>
    protected long DistanceToCut90k(int timeline, long pts90k)
        => _cuts.First is { } next && next.Value.Timeline == timeline ? next.Value.Pts90k - pts90k : long.MaxValue;

    private void Settle(int timeline, long pts90k)
    {
        bool isInTime = timeline == _source.Timeline && _source.Pts90k - pts90k < _longestLag90k;
        if (!isInTime) { _inTimeSince = null; }
        else if (_inTimeSince is not { } since || since.Timeline != timeline) { _inTimeSince = (timeline, pts90k); }
        else { _isSettled = pts90k - since.Pts90k >= Settling90k; }
    }

    private static bool IsReached(Cut cut, int timeline, long pts90k)
        => cut.Timeline < timeline || (cut.Timeline == timeline && cut.Pts90k - RoundingTicks90k <= pts90k);

    private void Begin(Cut cut)
    {
        _cuts.RemoveFirst();
        bool sameTimeline = Segment?.Timeline == cut.Timeline;
        long start = ToTicks(cut.Pts90k);
        if (sameTimeline && Rendition.HasTimeline)
        {
            if (start - Rendition.NextDecodeTime > LargestStretch) { Rendition.FillTo(start, cut.ProgramTime); }
            else { Rendition.StretchTo(start); }
        }
        Rendition.LastMsn = cut.Msn;
        if (Rendition.SegmentMsn < cut.Msn) { Rendition.CloseSegment(); }
        if (Segment is { } empty && empty.Msn < cut.Msn) { Rendition.FillSegmentsTo(empty.Msn + 1, empty.ProgramTime); }
        Rendition.FillSegmentsTo(cut.Msn, cut.ProgramTime);
        if (Segment is not null && (!sameTimeline || cut.IsDiscontinuity)) { Rendition.StartDiscontinuity(); }
        if (!Rendition.HasTimeline) { StartTimeline(start); }
        Segment = cut;
    }

    private LinkedListNode<Cut> Append(Cut cut)
    {
        if (_cuts.Count >= MostCuts) { Begin(_cuts.First!.Value); }
        return _cuts.AddLast(cut);
    }
}
