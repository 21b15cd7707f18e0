using Mirror.Media.Frames;

namespace Mirror.Streams.Store;

/// <summary>Keeps initialization segments and the parts of segments. A segment's bytes are those of its parts in order.</summary>
/// <remarks>Thread-safe. Only the store deletes: it is bounded by age and by size, oldest first.</remarks>
public interface ISegmentStore
{
    /// <summary>Stores an initialization segment. Names are unique by content, so a second write of one name changes nothing.</summary>
    ValueTask PutInitAsync(RenditionKey rendition, string name, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken);

    /// <summary>Appends the next part of a segment; readable when the call completes. The store takes its own reference of <paramref name="part"/>.</summary>
    ValueTask AppendPartAsync(SegmentKey segment, int partIndex, MediaBuffer part, CancellationToken cancellationToken);

    /// <summary>No part follows: the segment may move to slower, larger storage.</summary>
    ValueTask CompleteSegmentAsync(SegmentKey segment, CancellationToken cancellationToken);

    /// <summary>Reads an initialization segment; <see langword="null"/> if unknown.</summary>
    ValueTask<MediaBuffer?> ReadInitAsync(RenditionKey rendition, string name, CancellationToken cancellationToken);

    /// <summary>Reads <paramref name="length"/> bytes of a segment from <paramref name="offset"/>; <see langword="null"/> if they are not, or no longer, there.</summary>
    /// <returns>A buffer of which the caller owns one reference and must release it. Exactly a part's range gives that part without a copy while it is in memory.</returns>
    ValueTask<MediaBuffer?> ReadAsync(SegmentKey segment, long offset, int length, CancellationToken cancellationToken);
}
