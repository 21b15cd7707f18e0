using Mirror.Media.Codecs;
using Mirror.Media.Frames;

namespace Mirror.IngestNode.Demux;

/// <summary>Measures the frame rate of a video track over its first second of decoding times.</summary>
internal sealed class FrameRateMeter
{
    private const long TicksPerSecond = 90_000;
    private const int FewestIntervals = 4;
    private const int MostIntervals = 256;
    private readonly long[] _intervals = new long[MostIntervals];
    private int _count;
    private long _sum;
    private long _last;
    private bool _hasLast;

    /// <summary>The measured rate; <see cref="Rational.Unknown"/> until a second has passed.</summary>
    public Rational Result { get; private set; } = Rational.Unknown;

    /// <summary>Starts anew.</summary>
    public void Reset()
    {
        _count = 0;
        _sum = 0;
        _hasLast = false;
        Result = Rational.Unknown;
    }

    /// <summary>Takes the next decoding time; true when this one completes the measurement.</summary>
    public bool Observe(long dts)
    {
        if (Result.IsKnown) { return false; }
        long interval = dts - _last;
        bool isFirst = !_hasLast;
        _last = dts;
        _hasLast = true;
        if (isFirst || interval <= 0) { return false; }
        _intervals[_count++] = interval;
        _sum += interval;
        if (_count < MostIntervals && (_count < FewestIntervals || _sum < TicksPerSecond)) { return false; }
        Measure();
        return Result.IsKnown;
    }

    /// <summary>The mean of the intervals near the median: a lost picture doubles one interval and must not count.</summary>
    private void Measure()
    {
        Span<long> sorted = _intervals.AsSpan(0, _count);
        sorted.Sort();
        long median = sorted[_count / 2];
        long sum = 0;
        int count = 0;
        foreach (long interval in sorted)
        {
            if (interval * 2 < median || interval * 2 > median * 3) { continue; }
            sum += interval;
            count++;
        }
        Result = FrameRates.FromMeasured((double)TicksPerSecond * count / sum);
        _count = 0;
        _sum = 0;
    }
}
