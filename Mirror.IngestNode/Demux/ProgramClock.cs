namespace Mirror.IngestNode.Demux;

/// <summary>Maps the timestamps of one timeline to wall-clock time (UTC).</summary>
/// <remarks>
/// A date names the instant at which a frame begins (adr/0016). No unit can be sent before its frame has ended, and
/// every delay adds to its arrival. So each arrival, less the time at which the frame ends, is an estimate that can
/// only be too late. The earliest estimate is the best.
/// 1. Until the clock has settled, the date is the earliest estimate of all units so far. The first unit is often late.
/// If a publisher connects with a backlog, it sends faster than real time and each unit gives an earlier estimate.
/// 2. After that the clock slews toward the earliest estimate of the last seconds. It does so slowly, since players
/// align tracks by dates that are seconds apart. If it is more than a frame ahead, it moves faster.
/// 3. If every unit stays late by more than a second, the publisher paused and its timestamps with it. Slewing would take
/// hours, so the next timeline starts from the later estimate.
/// </remarks>
internal struct ProgramClock
{
    private const long TicksPerSecond = 90_000;

    // Units without an earlier estimate, before the clock has settled.
    private const int SettlingUnits = 3;

    // Slew rates, in seconds a second. Dates move later if a delay lasts or the publisher's clock is slow.
    private const double LargestAdvance = 0.0002;

    // Dates move earlier while the clock is less than a frame ahead.
    private const double LargestReturn = 0.001;

    // Dates move earlier while it is further ahead. They still rise, and a backlog sent at twice real time is followed.
    private const double LargestCorrection = 0.5;

    // Media time. The earliest estimate of one to two windows counts.
    private static readonly long Window = TimeSpan.FromSeconds(2).Ticks;

    // The receive loop's pace blurs arrivals, so a smaller difference does not make an estimate earlier.
    private static readonly long Grain = TimeSpan.FromMilliseconds(2).Ticks;

    // Arrival time without an earlier estimate. Streams of a low rate come in bursts about 100 ms apart.
    private static readonly TimeSpan Settling = TimeSpan.FromMilliseconds(200);

    // Playback must start at some time. What is still wrong then is slewed away.
    private static readonly TimeSpan LongestSettling = TimeSpan.FromSeconds(2);

    // A viewer would see a lag of more than this in the latency.
    private static readonly long LargestLag = TimeSpan.FromSeconds(1).Ticks;

    // Lateness that still shrinks is a backlog, which ends by itself.
    private static readonly long CatchingUp = TimeSpan.FromMilliseconds(100).Ticks;

    // Time without any arrival that is a pause. A publisher that is only slow falls behind again after every step.
    private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(500);

    // Share of the lag that pauses must explain.
    private const double PausedShare = 0.5;

    // Arrival time and media time without catching up, before the lateness is believed to last.
    private static readonly TimeSpan LagPatience = TimeSpan.FromSeconds(2);

    private long _startPts;
    private bool _hasEstimate;

    // All below are ticks of 100 ns. Estimates are of the date of _startPts.
    private long _start;
    private long _earliest;
    private long _earliestBefore;                           // of the previous window
    private long _windowStart;
    private long _newest;                                   // end of the newest frame, from _startPts
    private DateTime _firstArrival;
    private DateTime _earliestArrival;
    private int _unitsSinceEarliest;
    private bool _isLagging;
    private long _lagEstimate;                              // the earliest since the lag began
    private long _lagReference;                             // the one from which catching up is measured,
    private long _lagEnd;                                   // the end of its frame, from _startPts,
    private DateTime _lagArrival;                           // and its arrival
    private DateTime _newestArrival;
    private TimeSpan _paused;                               // without arrivals, since a unit came in time

    /// <summary>Whether all units have been late for so long that their dates are wrong: start a timeline with <see cref="Redate"/>.</summary>
    public bool IsLate { get; private set; }

    /// <summary>By how much, where <see cref="IsLate"/>.</summary>
    public readonly TimeSpan Lag => new(_lagEstimate - _start);

    /// <summary>Dates can be given out: from here on they change little.</summary>
    public bool IsSettled { get; private set; }

    /// <summary>Starts a timeline.</summary>
    /// <param name="pts">PTS of its first unit.</param>
    public void Start(long pts)
    {
        this = default;
        _startPts = pts;
    }

    /// <summary>Starts a timeline that continues the timestamps, with dates that follow the late arrivals. The clock is settled at once.</summary>
    /// <param name="pts">PTS of its first unit.</param>
    public void Redate(long pts)
    {
        long shift = ToTicks(pts - _startPts);
        long date = _lagEstimate + shift;
        long newest = _newest - shift;
        DateTime newestArrival = _newestArrival;
        Start(pts);
        _hasEstimate = IsSettled = true;
        _start = _earliest = _earliestBefore = date;
        _newest = _windowStart = newest;
        _newestArrival = newestArrival;
    }

    /// <summary>Takes the arrival of a unit. Call it for all tracks: they share the clock.</summary>
    /// <param name="arrival">When the unit's first byte arrived (UTC).</param>
    /// <param name="end90k">
    /// PTS at which its frame ends. Pictures arrive in decoding order, so for a picture it is the DTS plus the random
    /// access points' composition offset plus the duration.
    /// </param>
    /// <param name="frame90k">The frame's duration.</param>
    public void Observe(DateTime arrival, long end90k, long frame90k)
    {
        long end = ToTicks(end90k - _startPts);
        long estimate = arrival.Ticks - end;
        if (!_hasEstimate) { Begin(arrival, estimate, end); }
        if (!IsSettled)
        {
            Settle(arrival, estimate);
            return;
        }

        long elapsed = Math.Max(0, end - _newest);
        _newest += elapsed;
        Remember(estimate);
        Slew(Math.Min(elapsed, Window), ToTicks(frame90k));
        WatchLag(arrival, estimate, end);
    }

    /// <summary>Settles with the units seen so far: the caller cannot wait for more.</summary>
    public void Settle() => IsSettled = true;

    /// <summary>Returns the wall-clock time of a PTS.</summary>
    public readonly DateTime ToUtc(long pts)
        => new(Math.Clamp(_start + ToTicks(pts - _startPts), 0, DateTime.MaxValue.Ticks), DateTimeKind.Utc);

    private static long ToTicks(long time90k)
        => (long)Math.Round(time90k * (double)TimeSpan.TicksPerSecond / TicksPerSecond);

    private void Begin(DateTime arrival, long estimate, long end)
    {
        _hasEstimate = true;
        _start = _earliest = _earliestBefore = estimate;
        _newest = _windowStart = end;
        _firstArrival = _earliestArrival = _newestArrival = arrival;
    }

    private void Settle(DateTime arrival, long estimate)
    {
        _unitsSinceEarliest++;
        if (estimate < _earliest - Grain)
        {
            _earliestArrival = arrival;
            _unitsSinceEarliest = 0;
        }
        _start = _earliest = _earliestBefore = Math.Min(estimate, _earliest);
        bool isQuiet = arrival - _earliestArrival >= Settling && _unitsSinceEarliest >= SettlingUnits;
        IsSettled = isQuiet || arrival - _firstArrival >= LongestSettling;
    }

    private void Remember(long estimate)
    {
        if (_newest - _windowStart >= Window)
        {
            (_earliestBefore, _earliest) = (_earliest, estimate);
            _windowStart = _newest;
        }
        _earliest = Math.Min(_earliest, estimate);
    }

    private void Slew(long elapsed, long frame)
    {
        long error = Math.Min(_earliest, _earliestBefore) - _start;
        long most = (long)(elapsed * (error > 0 ? LargestAdvance : LargestReturn));
        _start += Math.Clamp(error, -most, most);

        long ahead = -error - frame;
        if (ahead <= 0) { return; }
        _start -= (long)(elapsed * Math.Min(LargestCorrection, ahead / (double)TimeSpan.TicksPerSecond));
    }

    private void WatchLag(DateTime arrival, long estimate, long end)
    {
        TimeSpan sinceLast = arrival - _newestArrival;
        if (sinceLast > TimeSpan.Zero) { _newestArrival = arrival; }
        if (sinceLast >= ShortestPause) { _paused += sinceLast; }
        if (estimate - _start <= LargestLag)
        {
            _isLagging = IsLate = false;
            _paused = TimeSpan.Zero;
            return;
        }
        if (!_isLagging || estimate < _lagReference - CatchingUp)
        {
            _isLagging = true;
            IsLate = false;
            _lagEstimate = estimate;
            (_lagReference, _lagEnd, _lagArrival) = (estimate, end, arrival);
            return;
        }
        _lagEstimate = Math.Min(estimate, _lagEstimate);
        bool isLasting = arrival - _lagArrival >= LagPatience && end - _lagEnd >= LagPatience.Ticks;
        IsLate = isLasting && _paused >= Lag * PausedShare;
    }
}
