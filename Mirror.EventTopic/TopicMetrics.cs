using System.Diagnostics.Metrics;

namespace Mirror.EventTopic;

/// <summary>The topic's instruments.</summary>
internal static class TopicMetrics
{
    private static readonly Meter Meter = new("Mirror.EventTopic");

    /// <summary>Events published to the topic.</summary>
    public static readonly Counter<long> Received = Meter.CreateCounter<long>("mirror.topic.received", "{event}", "Events published to the topic");

    /// <summary>Events delivered, once for each subscription.</summary>
    public static readonly Counter<long> Delivered = Meter.CreateCounter<long>("mirror.topic.delivered", "{event}", "Events delivered, once for each subscription");

    /// <summary>Attempts that failed.</summary>
    public static readonly Counter<long> Failed = Meter.CreateCounter<long>("mirror.topic.failed", "{attempt}", "Attempts to deliver that failed, by status");

    /// <summary>Events given up.</summary>
    public static readonly Counter<long> DeadLettered = Meter.CreateCounter<long>("mirror.topic.dead_lettered", "{event}", "Events given up, by reason");

    /// <summary>Events that found a subscription's queue full.</summary>
    public static readonly Counter<long> Dropped = Meter.CreateCounter<long>("mirror.topic.dropped", "{event}", "Events that found a subscription's queue full");
}
