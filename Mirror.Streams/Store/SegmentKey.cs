namespace Mirror.Streams.Store;

/// <summary>Names one rendition of one stream.</summary>
/// <param name="StreamId">The stream (<see cref="Streams.StreamId"/>).</param>
/// <param name="Rendition">The rendition, such as <c>source</c>, <c>audio</c> or <c>360p</c>.</param>
public readonly record struct RenditionKey(string StreamId, string Rendition)
{
    /// <summary>
    /// The fence of the lease under which it is packaged (<see cref="Registry.Lease.Fence"/>), 0 in a single process: a successor's is higher, so
    /// that whoever woke up too late neither writes over its segments nor is listened to.
    /// </summary>
    public long Epoch { get; init; }
}

/// <summary>Names one segment of one rendition.</summary>
/// <param name="Rendition">The rendition.</param>
/// <param name="Msn">Media sequence number; never used twice for a rendition.</param>
public readonly record struct SegmentKey(RenditionKey Rendition, long Msn);
