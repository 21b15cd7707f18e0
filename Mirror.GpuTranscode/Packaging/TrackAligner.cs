using Mirror.Media.Frames;

namespace Mirror.GpuTranscode.Packaging;

/// <summary>Lets the tracks of a stream go on in step where one comes later in the multiplex than another: what comes earlier is held back.</summary>
/// <remarks>
/// Multiplexers put sound up to 2.5 s behind the picture of the same time, or before it, and bundle up to 0.7 s of it in one packet. Players
/// need both, and stop where the playlist of one ends before that of another. So units go out in the order of their decoding times, by a
/// constant delay behind the newest of any track: the largest distance that was seen lately, less what players put up with. What comes later still goes out at once, and no track is waited for that stays away. Not thread-safe.
/// </remarks>
/// <param name="output">Takes the units in order; borrows them.</param>
/// <param name="delayed">Is told of each delay that begins or grows.</param>
/// <param name="time">Measures how long units are held.</param>
internal sealed class TrackAligner(Action<AccessUnit> output, Action<TimeSpan> delayed, TimeProvider time)
{
    private const long ClockRate = VideoPackager.Timescale;
    private const long LargestDelay90k = 3 * ClockRate;      // the largest distance of multiplexers and some more: beyond it, a track jumped or is lost
    private const long SoundMayLag90k = ClockRate * 3 / 20;  // half of PART-HOLD-BACK; what players put up with costs no latency
    private const long PictureMayLag90k = ClockRate / 10;
    private const long Window90k = 10 * ClockRate;           // a distance is remembered for one to two of these
    private const int ShrinkShare = 20;                      // a delay that is no longer needed gets smaller by so much of the time that passes
    private const long LargestBytes = 64L * 1024 * 1024;     // ten seconds at the 50 Mbit/s that ingest is made for

    private readonly List<Lane> _lanes = [];
    private Lane? _joined;                                   // the track that came last, where the others have neither gone on nor begun a timeline since
    private int _expected;
    private bool _isWaiting = true;                          // at the start, for the first unit of each track
    private int _timeline;
    private long _heldBytes;
    private long? _newest90k;
    private long _delay90k;
    private long _largestNow90k;
    private long _largestBefore90k;
    private long _windowStart90k;

    /// <summary>How far behind the newest unit of any track the others go out.</summary>
    public TimeSpan Delay => TimeSpan.FromSeconds(_delay90k / (double)ClockRate);

    /// <summary>How many tracks are announced: at the start it waits until each has come.</summary>
    public void Expect(int tracks) => _expected = tracks;

    /// <summary>Takes the next unit as it comes.</summary>
    public void Write(AccessUnit unit)
    {
        Lane lane = LaneOf(unit.Track.Id);
        if (unit.StartsDiscontinuity) { StartTimeline(lane, unit.Dts90k); }
        else if (lane != _joined) { _joined = null; }
        lane.HasBegun = true;
        if (lane.Timeline < _timeline)
        {
            output(unit);                                    // the rest of a timeline that other tracks have left
            return;
        }
        lane.Newest90k = unit.Dts90k;
        Measure(lane, unit);
        if (!_isWaiting)
        {
            long due90k = Due90k();
            Release(due90k);
            if (lane.Held.Count == 0 && unit.Dts90k <= due90k)
            {
                output(unit);
                return;
            }
        }
        lane.Held.Enqueue(new Held(unit.Retain(), time.GetTimestamp()));
        _heldBytes += unit.Payload.Length;
        if (_isWaiting && IsComplete(lane))
        {
            _isWaiting = false;
            Release(Due90k());
        }
        while (_heldBytes > LargestBytes && First() is { } first) { Release(first); }
    }

    /// <summary>Nothing follows for now: all that is held goes out.</summary>
    public void Flush()
    {
        while (First() is { } lane) { Release(lane); }
    }

    private Lane LaneOf(int track)
    {
        foreach (Lane lane in _lanes)
        {
            if (lane.Track == track) { return lane; }
        }
        var added = new Lane(track) { Timeline = _timeline };
        _lanes.Add(added);
        return added;
    }

    /// <summary>
    /// Each track tells of the new timeline. The first that does begins it: all that is held is of the one before. A track that was never
    /// there tells of it as well when it comes in the middle of one: which it is shows when the others tell of it next, or go on.
    /// </summary>
    private void StartTimeline(Lane lane, long dts90k)
    {
        bool joins = !lane.HasBegun && Math.Abs(dts90k - (_newest90k ?? dts90k)) <= LargestDelay90k;
        if (lane.Timeline < _timeline || joins || (_newest90k is null && lane.Newest90k is null))
        {
            lane.Timeline = _timeline;
            _joined = joins ? lane : _joined;
            return;
        }
        Flush();
        lane.Timeline = ++_timeline;
        if (_joined is not null) { _joined.Timeline = _timeline; }
        _joined = null;
        foreach (Lane other in _lanes) { other.Newest90k = null; }
        _newest90k = null;
    }

    /// <summary>How far the unit is behind what has come of the other tracks.</summary>
    private void Measure(Lane lane, AccessUnit unit)
    {
        long newest90k = unit.Dts90k;
        foreach (Lane other in _lanes) { newest90k = Math.Max(newest90k, other.Newest90k ?? newest90k); }
        long passed90k = Math.Clamp(newest90k - (_newest90k ?? newest90k), 0, ClockRate);
        _newest90k = newest90k;
        long lag90k = newest90k - unit.Dts90k;
        if (lag90k <= LargestDelay90k) { _largestNow90k = Math.Max(_largestNow90k, lag90k - (unit.Track is VideoTrack ? PictureMayLag90k : SoundMayLag90k)); }
        lane.SmallestLagNow90k = Math.Min(lane.SmallestLagNow90k ?? lag90k, lag90k);
        if (Math.Abs(newest90k - _windowStart90k) > Window90k)
        {
            (_largestBefore90k, _largestNow90k) = (_largestNow90k, 0);
            foreach (Lane other in _lanes) { (other.SmallestLag90k, other.SmallestLagNow90k) = (other.SmallestLagNow90k, null); }
            _windowStart90k = newest90k;
        }
        long needed90k = Math.Max(_largestNow90k, _largestBefore90k);
        if (needed90k > _delay90k)
        {
            _delay90k = needed90k;
            delayed(Delay);
        }
        else { _delay90k = Math.Max(needed90k, _delay90k - passed90k / ShrinkShare); }
    }

    /// <summary>
    /// Up to where units go out: the delay behind the newest of the track that is first in the multiplex. Where that stays away, the others
    /// say where it would be by their distances from it.
    /// </summary>
    private long Due90k()
    {
        long due90k = _newest90k!.Value - _delay90k;
        foreach (Lane lane in _lanes)
        {
            long lag90k = Math.Min(Math.Max(lane.SmallestLag90k ?? 0, lane.SmallestLagNow90k ?? 0), LargestDelay90k);
            if (lane.Newest90k is { } newest90k) { due90k = Math.Max(due90k, newest90k + lag90k - _delay90k); }
        }
        return due90k;
    }

    /// <summary>Whether each announced track has come, or is later than any multiplexer makes it.</summary>
    private bool IsComplete(Lane lane)
        => _lanes.Count >= _expected || _heldBytes > LargestBytes || lane.Newest90k - lane.Held.Peek().Unit.Dts90k >= LargestDelay90k;

    private void Release(long upTo90k)
    {
        while (First() is { } lane && lane.Held.Peek().Unit.Dts90k <= upTo90k) { Release(lane); }
    }

    private void Release(Lane lane)
    {
        (AccessUnit unit, long since) = lane.Held.Dequeue();
        _heldBytes -= unit.Payload.Length;
        // Encoders leave out what is late: what was held here is not.
        output(unit.ReceivedTimestamp == 0 ? unit : unit.Received(unit.ReceivedTimestamp + time.GetTimestamp() - since));
        unit.Release();
    }

    /// <summary>The track whose first held unit is decoded before those of the others; <see langword="null"/> where nothing is held.</summary>
    private Lane? First()
    {
        Lane? first = null;
        foreach (Lane lane in _lanes)
        {
            if (lane.Held.TryPeek(out Held held) && (first is null || held.Unit.Dts90k < first.Held.Peek().Unit.Dts90k)) { first = lane; }
        }
        return first;
    }

    private readonly record struct Held(AccessUnit Unit, long Since);

    private sealed class Lane(int track)
    {
        public int Track => track;

        public Queue<Held> Held { get; } = new();

        public int Timeline { get; set; }

        /// <summary>A unit of it has come.</summary>
        public bool HasBegun { get; set; }

        /// <summary>Decoding time of its newest unit on the timeline.</summary>
        public long? Newest90k { get; set; }

        /// <summary>How far it was behind the newest of all tracks, at least: in the last window, and in this one.</summary>
        public long? SmallestLag90k { get; set; }

        public long? SmallestLagNow90k { get; set; }
    }
}
