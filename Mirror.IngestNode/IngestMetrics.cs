using System.Diagnostics.Metrics;

namespace Mirror.IngestNode;

/// <summary>The ingest node's instruments.</summary>
internal static class IngestMetrics
{
    public const string MeterName = "Mirror.IngestNode";
    private static readonly Meter Meter = new(MeterName);

    /// <summary>SRT callers refused, by reject code.</summary>
    public static readonly Counter<long> Refused = Meter.CreateCounter<long>("mirror.srt.refused", "{caller}", "SRT callers refused, by reject code");

    /// <summary>Access units left out of a feed whose reader is too slow.</summary>
    public static readonly Counter<long> FeedUnitsDropped = Meter.CreateCounter<long>("mirror.feed.units_dropped", "{unit}", "Access units left out of a feed whose reader is too slow");
}
