using Mirror.Media.Frames;
using Mirror.Streams.Store;

namespace Mirror.Origin.Live;

/// <summary>One part: where the store keeps it, and its bytes once somebody has asked for them.</summary>
internal sealed class LivePart(SegmentKey segment, int index, long offset, int length, bool isGap) : CachedMedia
{
    public override int Length => length;

    /// <summary>It is missing for good.</summary>
    public bool IsGap => isGap;

    public override string ToString() => $"part {segment.Rendition.StreamId}/{segment.Rendition.Rendition}/{segment.Msn}.{index}";

    protected override ValueTask<MediaBuffer?> ReadStoreAsync(ISegmentStore store, CancellationToken cancellationToken)
        => store.ReadAsync(segment, offset, length, cancellationToken);
}
