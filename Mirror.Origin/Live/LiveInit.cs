using Mirror.Media.Frames;
using Mirror.Streams.Store;

namespace Mirror.Origin.Live;

/// <summary>One initialization segment and the format that it describes.</summary>
internal sealed class LiveInit(RenditionKey rendition, string name, int length, Track track) : CachedMedia
{
    public RenditionKey Rendition => rendition;

    public string Name => name;

    public Track Track => track;

    public override int Length => length;

    public override string ToString() => $"initialization segment {rendition.StreamId}/{rendition.Rendition}/{name}";

    protected override ValueTask<MediaBuffer?> ReadStoreAsync(ISegmentStore store, CancellationToken cancellationToken)
        => store.ReadInitAsync(rendition, name, cancellationToken);
}
