using Mirror.GpuTranscode.Publishing;
using Mirror.Media.Frames;

namespace Mirror.GpuTranscode.Packaging;

/// <summary>Packages one encoded rendition, cut where the source was cut: the same boundaries, media sequence numbers and discontinuities.</summary>
/// <remarks>
/// Encoded frames come some tens of milliseconds after the source's cuts are known. Where frames stay away, because their worker died or
/// could not keep up, the hole is marked as gaps, so that numbers stay equal and players go elsewhere. Frames that come back after such a
/// hole continue the timeline: another encoder with the same settings makes the same parameter sets, and a discontinuity of one rendition
/// alone would break the rule that matching content has matching discontinuity sequence numbers (draft-pantos-hls-rfc8216bis §6.2.4).
/// Not thread-safe.
/// </remarks>
internal sealed class FollowerPackager
{
    private const int MostCuts = 64;                         // half a minute of segments
    private const long RoundingTicks90k = 4;
    private const long Offset90k = StreamPackager.TimelineOffsetSeconds * VideoPackager.Timescale;
    private const long LongestLag90k = 2 * VideoPackager.Timescale;

    private readonly RenditionPackager _rendition;
    private readonly bool _isReordered;
    private readonly TimeProvider _time;
    private readonly LinkedList<TimelineCut> _cuts = new();
    private LinkedListNode<TimelineCut>? _decided;
    private TimelineCut? _segment;                           // the one that frames go into
    private int _newestTimeline;
    private long _frame90k;
    private long _lastDts90k;
    private long _lastStep90k;

    /// <param name="plan">The playlist's constants; the first number is that of the first cut to come.</param>
    /// <param name="frame">Expected duration of one frame.</param>
    /// <param name="isReordered">Frames come in another order than they are shown in: there are B-frames.</param>
    /// <param name="publisher">Where parts go.</param>
    /// <param name="time">Tells when the last frame came.</param>
    public FollowerPackager(RenditionPlan plan, TimeSpan frame, bool isReordered, PartPublisher publisher, TimeProvider time)
    {
        _rendition = new RenditionPackager(plan, track: null, publisher);
        _frame90k = (long)(frame.TotalSeconds * VideoPackager.Timescale);
        _isReordered = isReordered;
        _time = time;
        LastWritten = time.GetTimestamp();
    }

    /// <summary>When the last frame came, in <see cref="TimeProvider.GetTimestamp"/> ticks; before a timeline's first, when that began.</summary>
    public long LastWritten { get; private set; }

    /// <summary>The source begins a segment, on a new timeline or the one in force.</summary>
    public void AddCut(TimelineCut cut)
    {
        // A publisher who was away sent nothing to encode: silence counts from his return.
        if (cut.Timeline != _newestTimeline) { (_newestTimeline, LastWritten) = (cut.Timeline, _time.GetTimestamp()); }
        if (_decided is { List: not null } && _decided.Value.Timeline == cut.Timeline && _decided.Value.Cut.Msn == cut.Cut.Msn) { _decided.Value = cut; }
        else
        {
            Undecide();
            if (_segment is not { } segment || cut.Cut.Msn > segment.Cut.Msn) { Append(cut); }
        }
        _decided = null;
    }

    /// <summary>The source will begin a segment.</summary>
    public void Decide(TimelineCut cut) => _decided = Append(cut);

    /// <summary>The source won't begin a segment where it was decided.</summary>
    public void Undecide()
    {
        if (_decided?.List is not null) { _cuts.Remove(_decided); }
        _decided = null;
    }

    /// <summary>The source has come this far: what is missing for too long is marked as gaps.</summary>
    public void OnSource(int timeline, long pts90k)
    {
        while (_cuts.First is { } next && next != _decided && (next.Value.Timeline < timeline || next.Value.Cut.Pts90k < pts90k - LongestLag90k)) { Begin(next.Value); }
    }

    /// <summary>Takes an encoded frame, and its reference of <paramref name="payload"/>.</summary>
    public void Write(VideoTrack track, int timeline, long pts90k, long dts90k, bool isKey, long receivedTimestamp, MediaBuffer payload)
    {
        LastWritten = _time.GetTimestamp();
        while (_cuts.First is { } next && IsReached(next.Value, timeline, pts90k)) { Begin(next.Value); }
        if (_segment is { } segment && segment.Timeline == timeline && HasFormatOf(track, isKey) && !IsBehind(dts90k))
        {
            TrackFrameDuration(dts90k);
            var unit = new AccessUnit
            {
                Track = track,
                Pts90k = pts90k,
                Dts90k = dts90k,
                Payload = payload,
                FrameType = isKey ? FrameType.Key : FrameType.Predicted,
                IsRandomAccess = isKey,
                ProgramTime = segment.Cut.ProgramTime + TimeSpan.FromTicks((pts90k - segment.Cut.Pts90k) * TimeSpan.TicksPerSecond / VideoPackager.Timescale),
                ReceivedTimestamp = receivedTimestamp,
            };
            bool ends = EndsSegment(timeline, pts90k, out long left90k);
            _rendition.Add(unit, dts90k + Offset90k, pts90k + Offset90k, (uint)(ends ? left90k : _frame90k), ends);
        }
        else { PackagingMetrics.UnitsDropped.Add(1); }
        payload.Release();
    }

    /// <summary>No frames come any more for now: what is complete goes out.</summary>
    public void Interrupt() => _rendition.CloseSegment();

    /// <summary>The rendition is over.</summary>
    public void End() => _rendition.End();

    private static bool IsReached(TimelineCut cut, int timeline, long pts90k)
        => cut.Timeline < timeline || (cut.Timeline == timeline && cut.Cut.Pts90k - RoundingTicks90k <= pts90k);

    private void Begin(TimelineCut cut)
    {
        _cuts.RemoveFirst();
        bool sameTimeline = _segment?.Timeline == cut.Timeline;
        bool isOpen = _rendition.SegmentMsn < cut.Cut.Msn;   // the segment before: by its length it may have ended already
        long start = cut.Cut.Pts90k + Offset90k;
        if (isOpen && sameTimeline && start - _rendition.NextDecodeTime > _frame90k / 2) { _rendition.FillTo(start, cut.Cut.ProgramTime); }
        if (_rendition.SegmentMsn < cut.Cut.Msn) { _rendition.CloseSegment(); }
        _rendition.FillSegmentsTo(cut.Cut.Msn, cut.Cut.ProgramTime);
        if (_segment is not null && (!sameTimeline || cut.Cut.IsDiscontinuity)) { _rendition.StartDiscontinuity(); }
        if (!_rendition.HasTimeline) { _rendition.StartTimeline(start); }
        _segment = cut;
    }

    /// <summary>Another format can only begin with a segment.</summary>
    private bool HasFormatOf(VideoTrack track, bool isKey)
    {
        if (track.SameFormatAs(_rendition.Track)) { return true; }
        if (!isKey || !_rendition.IsAtSegmentStart) { return false; }
        _rendition.ChangeFormat(track);
        return true;
    }

    /// <summary>Its time is past: a gap, or another frame, stands there.</summary>
    private bool IsBehind(long dts90k) => dts90k + Offset90k < _rendition.NextDecodeTime - _frame90k / 2;

    /// <summary>It is the last before a cut that the source has made, or is sure to make: it lasts until there. With B-frames others may follow it.</summary>
    private bool EndsSegment(int timeline, long pts90k, out long left90k)
    {
        left90k = _cuts.First is { } next && next.Value.Timeline == timeline ? next.Value.Cut.Pts90k - pts90k : long.MaxValue;
        return !_isReordered && left90k < _frame90k * 5 / 4;
    }

    /// <summary>Two equal steps make a rate; one by itself is an accident. Of two that the 90 kHz clock rounds apart, the shorter is expected.</summary>
    private void TrackFrameDuration(long dts90k)
    {
        long step = dts90k - _lastDts90k;
        if (step > 0 && Math.Abs(step - _lastStep90k) <= RoundingTicks90k) { _frame90k = Math.Min(step, _lastStep90k); }
        (_lastDts90k, _lastStep90k) = (dts90k, step);
    }

    private LinkedListNode<TimelineCut> Append(TimelineCut cut)
    {
        if (_cuts.Count >= MostCuts) { Begin(_cuts.First!.Value); }
        return _cuts.AddLast(cut);
    }
}

/// <summary>A cut and the timeline that it is on.</summary>
/// <param name="Timeline">Numbers the source's timelines.</param>
/// <param name="Cut">The cut.</param>
internal readonly record struct TimelineCut(int Timeline, Cut Cut);
