using Mirror.Media.Frames;
using Mirror.Streams.Store;

namespace Mirror.Origin.Live;

/// <summary>One initialization segment and the format that it describes.</summary>
internal sealed class LiveInit(RenditionKey rendition, string name, int length, Track track) : CachedMedia
{
    private Track _track = track;

    public RenditionKey Rendition => rendition;

    public string Name => name;

    /// <summary>The format. What the segment does not hold, such as captions, may become known later.</summary>
    public Track Track
    {
        get => Volatile.Read(ref _track);
        set => Volatile.Write(ref _track, value);
    }

    public override int Length => length;

    public override string ToString() => $"initialization segment {rendition.StreamId}/{rendition.Rendition}/{name}";

    protected override ValueTask<MediaBuffer?> ReadStoreAsync(ISegmentStore store, CancellationToken cancellationToken)
        => store.ReadInitAsync(rendition, name, cancellationToken);
}
