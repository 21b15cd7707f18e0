using Mirror.Media.Frames;
using Mirror.Streams.Feed;

namespace Mirror.IngestNode.Demux;

/// <summary>Takes what a demuxer makes of one publisher's bytes. Called within <see cref="TransportStreamDemuxer.Write"/>, so it must not block.</summary>
internal interface IAccessUnitHandler
{
    /// <summary>Which tracks the programme announces; called before their first unit, and again when it changes.</summary>
    void OnLayout(FeedLayout layout);

    /// <summary>The next access unit. The demuxer gives its own reference back after the call: retain what is kept.</summary>
    void OnAccessUnit(AccessUnit unit);
}
