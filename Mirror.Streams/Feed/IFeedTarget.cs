namespace Mirror.Streams.Feed;

/// <summary>Where ingest hands its streams: the transcode and packaging node of this process.</summary>
public interface IFeedTarget
{
    /// <summary>Opens the feed of a stream that a publisher just started. One feed a stream is open at a time.</summary>
    IFeedSink Open(string streamId);
}
