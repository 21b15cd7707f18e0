using Mirror.Media.Frames;
using Mirror.Streams.Announcements;

namespace Mirror.Streams.Store;

/// <summary>A store whose newest parts are at hand: they came with their announcements.</summary>
/// <param name="store">Where everything is.</param>
/// <param name="recent">What is at hand.</param>
public sealed class RecentPartsStore(ISegmentStore store, RecentParts recent) : ISegmentStore
{
    /// <inheritdoc/>
    public ValueTask PutInitAsync(RenditionKey rendition, string name, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
        => store.PutInitAsync(rendition, name, bytes, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<long> AppendPartAsync(SegmentKey segment, int partIndex, MediaBuffer part, CancellationToken cancellationToken)
        => store.AppendPartAsync(segment, partIndex, part, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<long> AppendPartsAsync(SegmentKey segment, int partIndex, IReadOnlyList<MediaBuffer> parts, CancellationToken cancellationToken)
        => store.AppendPartsAsync(segment, partIndex, parts, cancellationToken);

    /// <inheritdoc/>
    public ValueTask CompleteSegmentAsync(SegmentKey segment, CancellationToken cancellationToken) => store.CompleteSegmentAsync(segment, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<MediaBuffer?> ReadInitAsync(RenditionKey rendition, string name, CancellationToken cancellationToken)
        => store.ReadInitAsync(rendition, name, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<MediaBuffer?> ReadAsync(SegmentKey segment, long offset, int length, CancellationToken cancellationToken)
        => recent.TryRetain(segment, offset, length, out MediaBuffer? bytes) ? ValueTask.FromResult<MediaBuffer?>(bytes) : store.ReadAsync(segment, offset, length, cancellationToken);
}
