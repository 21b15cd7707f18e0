using System.Collections.Concurrent;
using Mirror.IngestNode.Gop;
using Mirror.Streams.Feed;

namespace Mirror.IngestNode.Feed;

/// <summary>The feeds of an ingest node whose streams are transcoded elsewhere: each waits for whoever asks for it.</summary>
internal sealed class FeedHub(IHostApplicationLifetime lifetime)
{
    private readonly ConcurrentDictionary<string, StreamFeed> _feeds = new(StringComparer.Ordinal);

    /// <summary>Opens the feed of a stream that a publisher just started.</summary>
    /// <param name="streamId">The stream.</param>
    /// <param name="gop">Its GOP buffer, from which readers begin.</param>
    public IFeedSink Open(string streamId, GopBuffer gop)
    {
        var feed = new StreamFeed(gop, ended => Close(streamId, ended));
        _feeds[streamId] = feed;
        return feed;
    }

    /// <summary>The feed of a stream that is published here.</summary>
    public StreamFeed? Find(string streamId) => _feeds.GetValueOrDefault(streamId);

    /// <summary>A node that stops does not end its streams: their publishers go to another.</summary>
    private bool Close(string streamId, StreamFeed feed)
    {
        _feeds.TryRemove(new KeyValuePair<string, StreamFeed>(streamId, feed));
        return !lifetime.ApplicationStopping.IsCancellationRequested;
    }
}
