using System.Diagnostics.Metrics;

namespace Mirror.Origin;

/// <summary>The meter <c>Mirror.Origin</c>. Without a listener a count costs a few nanoseconds.</summary>
internal sealed class OriginMetrics : IDisposable
{
    public const string MeterName = "Mirror.Origin";
    private readonly Meter _meter = new(MeterName);

    public OriginMetrics()
    {
        Requests = _meter.CreateCounter<long>("mirror.origin.requests", description: "Requests for live media, by kind.");
        Failures = _meter.CreateCounter<long>("mirror.origin.failures", description: "Requests for live media answered 4xx or 5xx, by status.");
        Parked = _meter.CreateUpDownCounter<long>("mirror.origin.parked", description: "Requests that wait for media now.");
        Blocked = _meter.CreateCounter<long>("mirror.origin.blocked", description: "Requests that waited for media, by outcome.");
        CacheHits = _meter.CreateCounter<long>("mirror.origin.cache_hits", description: "Parts and initialization segments served without reading the store.");
        StoreReads = _meter.CreateCounter<long>("mirror.origin.store_reads", description: "Reads from the segment store, by outcome.");
        PlaylistRenderings = _meter.CreateCounter<long>("mirror.origin.playlist_renderings", description: "Playlists rendered, by form.");
        RejectedAnnouncements = _meter.CreateCounter<long>("mirror.origin.rejected_announcements", description: "Announcements that did not fit their timeline.");
    }

    public Counter<long> Requests { get; }

    public Counter<long> Failures { get; }

    public UpDownCounter<long> Parked { get; }

    public Counter<long> Blocked { get; }

    public Counter<long> CacheHits { get; }

    public Counter<long> StoreReads { get; }

    public Counter<long> PlaylistRenderings { get; }

    public Counter<long> RejectedAnnouncements { get; }

    public void Dispose() => _meter.Dispose();
}
