using System.Diagnostics.Metrics;

namespace Mirror.Streams.Events;

/// <summary>The instruments of the events.</summary>
internal static class EventMetrics
{
    private static readonly Meter Meter = new("Mirror.Streams");

    /// <summary>Events queued.</summary>
    public static readonly Counter<long> Published = Meter.CreateCounter<long>("mirror.events.published", "{event}", "Events queued, by type");

    /// <summary>Events lost to a full queue, or refused by the receiver for good.</summary>
    public static readonly Counter<long> Dropped = Meter.CreateCounter<long>("mirror.events.dropped", "{event}", "Events lost: full queue, or refused for good");

    /// <summary>Attempts that failed and are repeated.</summary>
    public static readonly Counter<long> Retries = Meter.CreateCounter<long>("mirror.events.retries", "{attempt}", "Attempts to publish that failed and are repeated");
}
