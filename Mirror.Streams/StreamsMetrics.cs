using System.Diagnostics.Metrics;

namespace Mirror.Streams;

/// <summary>What the adapters of shared state count.</summary>
internal static class StreamsMetrics
{
    private static readonly Meter Meter = new("Mirror.Streams");

    public static readonly Counter<long> Announced = Meter.CreateCounter<long>("mirror.announcements.sent", "{announcement}", "Announcements written to the bus");

    public static readonly Counter<long> AnnouncementsDropped = Meter.CreateCounter<long>("mirror.announcements.dropped", "{announcement}", "Announcements that were given up: the bus was away for too long, or another node packages the stream");

    public static readonly Counter<long> AnnouncementsMissed = Meter.CreateCounter<long>("mirror.announcements.missed", "{gap}", "Gaps in what came from the bus, made good from its log");

    public static readonly Counter<long> AnnouncementsMalformed = Meter.CreateCounter<long>("mirror.announcements.malformed", "{message}", "Messages on the bus that cannot be read");
}
