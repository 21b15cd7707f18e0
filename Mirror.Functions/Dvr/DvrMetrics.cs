using System.Diagnostics.Metrics;

namespace Mirror.Functions.Dvr;

/// <summary>What the recorder counts.</summary>
internal static class DvrMetrics
{
    private static readonly Meter Meter = new("Mirror.Functions");

    public static readonly Counter<long> Segments = Meter.CreateCounter<long>("mirror.dvr.segments", "{segment}", "Segments recorded");

    public static readonly Counter<long> Bytes = Meter.CreateCounter<long>("mirror.dvr.bytes", "By", "Bytes of segments recorded");

    public static readonly Counter<long> Gaps = Meter.CreateCounter<long>("mirror.dvr.gaps", "{segment}", "Segments recorded as a gap: nothing of them was there");

    public static readonly Counter<long> Failures = Meter.CreateCounter<long>("mirror.dvr.failures", "{failure}", "Failures of the store or the archive; each is tried again");

    public static readonly Counter<long> Expired = Meter.CreateCounter<long>("mirror.dvr.expired", "{recording}", "Recordings deleted by retention");

    public static readonly Histogram<double> Lag = Meter.CreateHistogram<double>("mirror.dvr.lag", "s", "From a segment's end to its entry in the index");
}
