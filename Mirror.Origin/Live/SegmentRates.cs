namespace Mirror.Origin.Live;

/// <summary>Bit rates of a rendition's segments, as measured: what BANDWIDTH and AVERAGE-BANDWIDTH are made of.</summary>
internal sealed class SegmentRates
{
    private const double PeakMargin = 1.25;             // Apple's authoring rules, 1.29: a live peak stays below 125 % of what is declared
    private const double AverageHalfLifeSeconds = 600;  // old minutes fade, so that the average follows a publisher who changes his rate
    private double _bits;
    private double _seconds;
    private double _peak;

    /// <summary>Something was measured.</summary>
    public bool IsKnown => Volatile.Read(ref _peak) > 0;

    /// <summary>BANDWIDTH: the highest segment's bit rate and a quarter, in bit/s.</summary>
    public long Bandwidth => (long)Math.Ceiling(Volatile.Read(ref _peak) * PeakMargin);

    /// <summary>AVERAGE-BANDWIDTH, in bit/s; never above <see cref="Bandwidth"/>.</summary>
    public long AverageBandwidth
    {
        get
        {
            double seconds = Volatile.Read(ref _seconds);
            return seconds > 0 ? Math.Min(Bandwidth, (long)Math.Ceiling(Volatile.Read(ref _bits) / seconds)) : 0;
        }
    }

    /// <summary>Counts a complete segment. One caller at a time.</summary>
    public void Add(long lengthInBytes, TimeSpan duration)
    {
        double seconds = duration.TotalSeconds;
        if (seconds <= 0) { return; }
        double bits = lengthInBytes * 8.0;
        double kept = Math.Pow(0.5, seconds / AverageHalfLifeSeconds);
        Volatile.Write(ref _bits, _bits * kept + bits);
        Volatile.Write(ref _seconds, _seconds * kept + seconds);
        Volatile.Write(ref _peak, Math.Max(_peak, bits / seconds));
    }
}
