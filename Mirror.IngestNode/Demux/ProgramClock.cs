namespace Mirror.IngestNode.Demux;

/// <summary>Maps the timestamps of a timeline to wall-clock time: set where the timeline starts, then slewed towards the arrival times.</summary>
internal struct ProgramClock
{
    private const double LargestSlew = 0.0002;              // seconds a second: players align audio with video by dates some seconds apart, to the millisecond
    private const double AveragingSeconds = 8;              // key frames arrive late, as they are large; an encoder's clock drifts far slower
    private const long TicksPerSecond = 90_000;
    private DateTime _start;
    private long _startPts;
    private long _arrivalOffset;                            // first unit's PTS less its DTS: units arrive in decoding order
    private long _lastDts;
    private double _averageError;
    private double _correction;

    /// <summary>A timeline starts with a unit that arrived at <paramref name="wallClock"/>.</summary>
    public void Start(DateTime wallClock, long pts, long dts)
    {
        this = default;
        _start = wallClock;
        _startPts = pts;
        _arrivalOffset = pts - dts;
        _lastDts = dts;
    }

    /// <summary>A unit of the leading track arrived.</summary>
    public void Observe(DateTime wallClock, long dts)
    {
        double elapsed = (dts - _lastDts) / (double)TicksPerSecond;
        if (elapsed <= 0) { return; }
        _lastDts = dts;
        double error = (wallClock - ToUtc(dts + _arrivalOffset)).TotalSeconds;
        _averageError += (error - _averageError) * Math.Min(1, elapsed / AveragingSeconds);
        double step = Math.Clamp(_averageError / AveragingSeconds, -LargestSlew, LargestSlew) * Math.Min(elapsed, AveragingSeconds);
        _correction += step;
        _averageError -= step;
    }

    /// <summary>The wall-clock time of a PTS.</summary>
    public readonly DateTime ToUtc(long pts)
    {
        double seconds = (pts - _startPts) / (double)TicksPerSecond + _correction;
        long ticks = _start.Ticks + (long)Math.Round(seconds * TimeSpan.TicksPerSecond);
        return new DateTime(Math.Clamp(ticks, 0, DateTime.MaxValue.Ticks), DateTimeKind.Utc);
    }
}
