using System.Diagnostics;

namespace Mirror.GpuTranscode.FFmpeg;

/// <summary>How long one stage took, over all its runs. Written by one thread; others read what may be a run behind.</summary>
internal sealed class StageTimes
{
    private static readonly double[] UpperBounds = [0.5, 1, 2, 3, 5, 7.5, 10, 15, 20, 30, 50, 75, 100, 150, 250, 500, 1000];
    private readonly long[] _counts = new long[UpperBounds.Length + 1];

    /// <summary>Upper bounds of the buckets, in milliseconds; one more bucket takes what is above the last.</summary>
    public static ReadOnlySpan<double> Bounds => UpperBounds;

    /// <summary>Time spent, in ticks of <see cref="Stopwatch"/>.</summary>
    public long Ticks { get; private set; }

    /// <summary>Runs.</summary>
    public long Count { get; private set; }

    /// <summary>Runs in each bucket.</summary>
    public ReadOnlySpan<long> Counts => _counts;

    /// <summary>Counts a run that took <paramref name="ticks"/> of <see cref="Stopwatch"/>.</summary>
    public void Add(long ticks)
    {
        Ticks += ticks;
        Count++;
        double milliseconds = ticks * 1_000.0 / Stopwatch.Frequency;
        int bucket = 0;
        while (bucket < UpperBounds.Length && milliseconds > UpperBounds[bucket]) { bucket++; }
        _counts[bucket]++;
    }
}
