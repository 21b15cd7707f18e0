namespace Mirror.GpuTranscode.Workers;

/// <summary>Decides how much a worker leaves out, so that it never falls behind live without limit.</summary>
/// <remarks>
/// Lag is how long a picture waited before its decoding began. A lag that is large but shrinks is one that is being made up for, as
/// after a start, and calls for nothing. Levels go up quickly and down slowly: one that proves too low soon after is not tried again
/// for twice as long, and after one that does not, the next is tried in half the time. In the first seconds, while codecs are opened and
/// the stream's first viewers come, pictures may wait for longer: late ones are better then than half of them.
/// </remarks>
/// <param name="maxLag">The lag from which on frames are left out.</param>
internal sealed class LagController(TimeSpan maxLag)
{
    /// <summary>The default of <c>transcode.max_lag</c>.</summary>
    public static readonly TimeSpan DefaultMaxLag = TimeSpan.FromMilliseconds(250);

    /// <summary>Levels up to this leave out that many of that many plus one pictures, evenly, after decoding.</summary>
    public const int EvenLevels = 3;

    /// <summary>The level at which only pictures that others refer to are decoded.</summary>
    public const int ReferencesOnlyLevel = EvenLevels + 1;

    /// <summary>The highest level: only key frames are decoded.</summary>
    public const int MostLevels = ReferencesOnlyLevel + 1;

    private static readonly TimeSpan LeastMaxLagAtFirst = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan SmallLag = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(400);
    private static readonly TimeSpan ShortestHold = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan LongestHold = TimeSpan.FromMinutes(1);
    private const int FirstGrowths = 1;                      // that are let pass: a codec that was just opened is slow at first
    private const double ShrinkShare = 0.1;                  // of the interval: a lag that shrinks by less than this takes too long to be gone

    private TimeSpan _started;
    private TimeSpan _evaluated = TimeSpan.MinValue;
    private TimeSpan _lagBefore;
    private int _growths;
    private TimeSpan _calmSince;
    private TimeSpan? _lowered;                              // if it was not raised since
    private TimeSpan _hold = ShortestHold;

    /// <summary>How much to leave out: zero is nothing.</summary>
    public int Level { get; private set; }

    /// <summary>Takes the lag of the picture whose decoding begins.</summary>
    /// <param name="now">The time, from any zero.</param>
    /// <param name="lag">How long it waited.</param>
    /// <returns><see cref="Level"/>.</returns>
    public int Update(TimeSpan now, TimeSpan lag)
    {
        if (_evaluated == TimeSpan.MinValue)
        {
            (_started, _evaluated, _lagBefore, _calmSince) = (now, now, lag, now);
            return Level;
        }
        if (lag > SmallLag) { _calmSince = now; }
        TimeSpan passed = now - _evaluated;
        if (passed < Interval) { return Level; }
        bool shrinks = _lagBefore - lag > passed * ShrinkShare;
        TimeSpan largest = now - _started < Settling && maxLag < LeastMaxLagAtFirst ? LeastMaxLagAtFirst : maxLag;
        _growths = lag > largest && !shrinks ? _growths + 1 : 0;
        if (_growths > (Level == 0 ? FirstGrowths : 0)) { Raise(now); }
        else if (Level > 0 && now - _calmSince >= _hold) { Lower(now); }
        (_evaluated, _lagBefore) = (now, lag);
        return Level;
    }

    private void Raise(TimeSpan now)
    {
        bool wasTooLow = _lowered is { } lowered && now - lowered < _hold * 4;
        if (wasTooLow) { _hold = _hold * 4 < LongestHold ? _hold * 4 : LongestHold; }
        else if (_lowered is not null) { _hold = ShortestHold; }
        _lowered = null;
        Level = Math.Min(Level + 1, MostLevels);
    }

    private void Lower(TimeSpan now)
    {
        _hold = _hold / 2 > ShortestHold ? _hold / 2 : ShortestHold;     // if this one proves too low it is four times that
        Level--;
        (_lowered, _calmSince) = (now, now);
    }
}
