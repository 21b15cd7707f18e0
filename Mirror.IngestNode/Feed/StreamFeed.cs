using Mirror.IngestNode.Gop;
using Mirror.Media.Frames;
using Mirror.Streams.Feed;

namespace Mirror.IngestNode.Feed;

/// <summary>One stream's feed, and those who read it. The receive loop writes; readers come and go on other threads.</summary>
/// <param name="gop">Where a reader begins.</param>
/// <param name="onEnded">Called when the stream is over here; tells whether it is over for all.</param>
internal sealed class StreamFeed(GopBuffer gop, Func<StreamFeed, bool> onEnded) : IFeedSink
{
    private readonly Lock _lock = new();
    private readonly List<FeedSubscription> _subscriptions = [];
    private FeedLayout _layout;
    private bool _isInterrupted;
    private bool _hasEnded;

    /// <summary>Begins to read: what the GOP buffer has from a random access point on, then all that comes.</summary>
    /// <param name="after">Wall-clock time (UTC) up to which the reader has the stream: it begins at the first random access point from there on, or else at the newest.</param>
    /// <returns><see langword="null"/> when the stream is over.</returns>
    public FeedSubscription? Subscribe(DateTime? after)
    {
        var subscription = new FeedSubscription(this);
        lock (_lock)
        {
            if (_hasEnded) { return null; }
            subscription.SetLayout(_layout);
            using GopSnapshot snapshot = TakeFrom(after);
            foreach (AccessUnit unit in snapshot.Units) { subscription.Begin(unit); }
            if (_isInterrupted) { subscription.Interrupt(); }
            _subscriptions.Add(subscription);
        }
        return subscription;
    }

    public void SetLayout(FeedLayout layout)
    {
        lock (_lock)
        {
            _layout = layout;
            foreach (FeedSubscription subscription in _subscriptions) { subscription.SetLayout(layout); }
        }
    }

    public void Write(AccessUnit unit)
    {
        lock (_lock)
        {
            _isInterrupted = false;
            foreach (FeedSubscription subscription in _subscriptions) { subscription.Write(unit); }
        }
    }

    public void Interrupt()
    {
        lock (_lock)
        {
            _isInterrupted = true;
            foreach (FeedSubscription subscription in _subscriptions) { subscription.Interrupt(); }
        }
    }

    public void End()
    {
        bool isOver = onEnded(this);
        lock (_lock)
        {
            _hasEnded = true;
            foreach (FeedSubscription subscription in _subscriptions) { subscription.End(isOver); }
            _subscriptions.Clear();
        }
    }

    public void Remove(FeedSubscription subscription)
    {
        lock (_lock) { _subscriptions.Remove(subscription); }
    }

    private GopSnapshot TakeFrom(DateTime? after)
    {
        if (after is not { } time) { return gop.TakeNewest(); }
        GopSnapshot all = gop.TakeAll();
        for (int i = 0; i < all.Units.Count; i++)
        {
            if (all.Units[i] is not { IsRandomAccess: true, Track: VideoTrack } unit || unit.ProgramTime < time) { continue; }
            return all.Skip(i);
        }
        all.Dispose();
        return gop.TakeNewest();
    }
}
