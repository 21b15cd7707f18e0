using Mirror.Media.Frames;

namespace Mirror.Streams.Feed;

/// <summary>Takes one stream's access units from the ingest node. Calls for one stream never overlap.</summary>
/// <remarks>
/// No call may block or wait: the thread behind it serves other streams as well. What cannot be done at once is queued by the
/// implementation, bounded, or dropped and counted.
/// </remarks>
public interface IFeedSink
{
    /// <summary>A publisher's programme was read: which kinds of track to expect. Called again when it changes.</summary>
    void SetLayout(FeedLayout layout);

    /// <summary>The next access unit in decoding order of its track. The caller keeps its own reference: retain what is kept.</summary>
    void Write(AccessUnit unit);

    /// <summary>The publisher is gone; it may come back and continue (the next unit then starts a discontinuity).</summary>
    void Interrupt();

    /// <summary>The stream is over. No call follows.</summary>
    void End();
}

/// <summary>Which tracks a programme announces.</summary>
/// <param name="HasVideo">A video track that Mirror can carry is present.</param>
/// <param name="HasAudio">An audio track that Mirror can carry is present.</param>
public readonly record struct FeedLayout(bool HasVideo, bool HasAudio)
{
    /// <summary>Audio tracks beyond the first: other languages.</summary>
    public int MoreAudio { get; init; }
}
