using Mirror.Streams.Feed;
using Mirror.Media.Frames;

namespace Mirror.IngestNode.Streams;

/// <summary>Feeds of an ingest node that runs without a transcode node: streams are received, measured and buffered, and go no further.</summary>
internal sealed class DetachedFeedTarget : IFeedTarget
{
    public IFeedSink Open(string streamId) => new Sink();

    private sealed class Sink : IFeedSink
    {
        public void SetLayout(FeedLayout layout) { }

        public void Write(AccessUnit unit) { }

        public void Interrupt() { }

        public void End() { }
    }
}
