using System.Diagnostics;

namespace Mirror.GpuTranscode.Workers;

/// <summary>The latencies of the last frames. Thread-safe.</summary>
internal sealed class LatencyWindow
{
    private const int Length = 256;                          // a few seconds
    private const double Percentile = 0.95;
    private static readonly TimeSpan LongestSilence = TimeSpan.FromSeconds(5);
    private readonly Lock _gate = new();
    private readonly double[] _milliseconds = new double[Length];
    private long _count;
    private long _last;

    public void Add(TimeSpan latency)
    {
        lock (_gate)
        {
            _milliseconds[_count++ % Length] = latency.TotalMilliseconds;
            _last = Stopwatch.GetTimestamp();
        }
    }

    /// <summary>The 95th percentile in milliseconds; 0 when no frame came lately.</summary>
    public double Percentile95()
    {
        double[] sorted;
        lock (_gate)
        {
            if (_count == 0 || Stopwatch.GetElapsedTime(_last) > LongestSilence) { return 0; }
            sorted = _milliseconds[..(int)Math.Min(_count, Length)];
        }
        Array.Sort(sorted);
        return sorted[(int)((sorted.Length - 1) * Percentile)];
    }
}
