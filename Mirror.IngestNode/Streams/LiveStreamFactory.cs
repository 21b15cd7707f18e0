using System.Net;
using Mirror.IngestNode.Demux;
using Mirror.IngestNode.Gop;
using Mirror.IngestNode.Srt;
using Mirror.Streams.Feed;

namespace Mirror.IngestNode.Streams;

/// <summary>Makes live streams with what all of them share.</summary>
internal sealed class LiveStreamFactory(IFeedTarget feed, StreamReporter reporter, TimeProvider time, ILogger<LiveStream> logger)
{
    public LiveStream Create(string id, IPEndPoint peer, SrtReceiveLoop loop, TimeSpan reconnectWindow)
        => new(id, peer, loop, feed, new GopBuffer(new GopBufferOptions(), time), new TransportStreamDemuxerOptions(), reconnectWindow, reporter.Notify, time, logger);
}
