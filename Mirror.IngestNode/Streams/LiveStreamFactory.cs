using System.Net;
using Microsoft.Extensions.Options;
using Mirror.IngestNode.Demux;
using Mirror.IngestNode.Feed;
using Mirror.IngestNode.Gop;
using Mirror.IngestNode.Srt;
using Mirror.Streams.Feed;

namespace Mirror.IngestNode.Streams;

/// <summary>Makes live streams with what all of them share. They are fed to the transcode node of this process, or else to whoever asks the hub.</summary>
internal sealed class LiveStreamFactory(FeedHub hub, StreamReporter reporter, IOptions<MpegTsOptions> options, TimeProvider time, ILogger<LiveStream> logger,
    IFeedTarget? here = null)
{
    public LiveStream Create(string id, IPEndPoint peer, SrtReceiveLoop loop, TimeSpan reconnectWindow)
    {
        var gop = new GopBuffer(new GopBufferOptions(), time);
        var demux = new TransportStreamDemuxerOptions { Program = options.Value.Program };
        IFeedSink feed = here?.Open(id) ?? hub.Open(id, gop);
        return new LiveStream(id, peer, loop, feed, gop, demux, reconnectWindow, reporter.Notify, time, logger);
    }
}
