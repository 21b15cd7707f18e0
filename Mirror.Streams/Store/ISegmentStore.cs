using Mirror.Media.Frames;

namespace Mirror.Streams.Store;

/// <summary>Keeps initialization segments and the parts of segments. A segment's bytes are those of its parts in order.</summary>
/// <remarks>Thread-safe. Only the store deletes: it is bounded by age and by size, oldest first.</remarks>
public interface ISegmentStore
{
    /// <summary>Whether calls complete before they return: the store is in this process's memory.</summary>
    bool AnswersAtOnce => false;

    /// <summary>Stores an initialization segment. Names are unique by content, so a second write of one name changes nothing.</summary>
    ValueTask PutInitAsync(RenditionKey rendition, string name, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken);

    /// <summary>Appends the next part of a segment; readable when the call completes. The store takes its own reference of <paramref name="part"/>.</summary>
    /// <returns>Where the part begins within the segment: parts lost before the store leave no hole in the bytes.</returns>
    /// <remarks>A store that is away tries on until <paramref name="cancellationToken"/> ends that. Calls for one rendition never overlap.</remarks>
    ValueTask<long> AppendPartAsync(SegmentKey segment, int partIndex, MediaBuffer part, CancellationToken cancellationToken);

    /// <summary>Appends several parts that follow each other, all or none: one call where a store is slow.</summary>
    /// <returns>Where the first of them begins within the segment; each of the others where the one before ends.</returns>
    async ValueTask<long> AppendPartsAsync(SegmentKey segment, int partIndex, IReadOnlyList<MediaBuffer> parts, CancellationToken cancellationToken)
    {
        long first = await AppendPartAsync(segment, partIndex, parts[0], cancellationToken);
        for (int i = 1; i < parts.Count; i++) { await AppendPartAsync(segment, partIndex + i, parts[i], cancellationToken); }
        return first;
    }

    /// <summary>No part follows: the segment may move to slower, larger storage.</summary>
    ValueTask CompleteSegmentAsync(SegmentKey segment, CancellationToken cancellationToken);

    /// <summary>Reads an initialization segment; <see langword="null"/> if unknown.</summary>
    ValueTask<MediaBuffer?> ReadInitAsync(RenditionKey rendition, string name, CancellationToken cancellationToken);

    /// <summary>Reads <paramref name="length"/> bytes of a segment from <paramref name="offset"/>; <see langword="null"/> if they are not, or no longer, there.</summary>
    /// <returns>A buffer of which the caller owns one reference and must release it. Exactly a part's range gives that part without a copy while it is in memory.</returns>
    ValueTask<MediaBuffer?> ReadAsync(SegmentKey segment, long offset, int length, CancellationToken cancellationToken);
}
