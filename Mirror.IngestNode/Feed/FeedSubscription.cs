using System.Threading.Channels;
using Mirror.Media.Frames;
using Mirror.Streams.Feed;

namespace Mirror.IngestNode.Feed;

/// <summary>What one reader of a feed has yet to get: a queue that never holds up the stream.</summary>
/// <remarks>
/// When it is full, units are left out up to the next random access point that finds room, so that the reader never gets pictures whose
/// references are missing. The feed's lock guards the writing side.
/// </remarks>
internal sealed class FeedSubscription(StreamFeed feed) : IDisposable
{
    private const long MostBytes = 32L * 1024 * 1024;        // 5 s at 50 Mbit/s
    private const int MostUnits = 4_096;                     // half a minute of pictures and sound

    private readonly Channel<FeedItem> _items = Channel.CreateUnbounded<FeedItem>(new UnboundedChannelOptions { SingleReader = true, SingleWriter = true });
    private AccessUnit? _newestOfSnapshot;
    private long _bytes;                                     // of live units; those that it began with are bounded by the GOP buffer
    private int _units;
    private bool _isSkipping;

    /// <summary>What comes next; completes when nothing will.</summary>
    public ChannelReader<FeedItem> Items => _items.Reader;

    /// <summary>The tracks of the units that it begins with, in the format of their first.</summary>
    public List<Track> KnownTracks { get; } = [];

    public void SetLayout(FeedLayout layout) => _items.Writer.TryWrite(new FeedItem(FeedItemKind.Layout, null, layout));

    /// <summary>A unit of the GOP buffer, before any other.</summary>
    public void Begin(AccessUnit unit)
    {
        _newestOfSnapshot = unit;
        if (!KnownTracks.Exists(track => track.Id == unit.Track.Id)) { KnownTracks.Add(unit.Track); }
        Add(unit);
    }

    public void Write(AccessUnit unit)
    {
        if (ReferenceEquals(unit, _newestOfSnapshot)) { return; }            // it had come into the GOP buffer already, and not yet here
        _newestOfSnapshot = null;
        bool isFull = Volatile.Read(ref _bytes) > MostBytes || Volatile.Read(ref _units) > MostUnits;
        _isSkipping = isFull || (_isSkipping && !(unit is { IsRandomAccess: true, Track: VideoTrack } && Volatile.Read(ref _bytes) < MostBytes / 2));
        if (_isSkipping) { IngestMetrics.FeedUnitsDropped.Add(1); }
        else { Add(unit); }
    }

    public void Interrupt() => _items.Writer.TryWrite(new FeedItem(FeedItemKind.Interrupted, null, default));

    /// <param name="isOver">The stream is over, or else only this node stops.</param>
    public void End(bool isOver)
    {
        if (isOver) { _items.Writer.TryWrite(new FeedItem(FeedItemKind.Ended, null, default)); }
        _items.Writer.TryComplete();
    }

    /// <summary>The reader has a unit: its place is free. Gives its reference back.</summary>
    public void Done(AccessUnit unit)
    {
        Interlocked.Add(ref _bytes, -unit.Payload.Length);
        Interlocked.Decrement(ref _units);
        unit.Release();
    }

    public void Dispose()
    {
        feed.Remove(this);
        _items.Writer.TryComplete();
        while (_items.Reader.TryRead(out FeedItem item)) { item.Unit?.Release(); }
    }

    private void Add(AccessUnit unit)
    {
        unit.Retain();
        Interlocked.Add(ref _bytes, unit.Payload.Length);
        Interlocked.Increment(ref _units);
        if (!_items.Writer.TryWrite(new FeedItem(FeedItemKind.Unit, unit, default))) { Done(unit); }
    }
}

/// <summary>One thing to tell a reader.</summary>
internal readonly record struct FeedItem(FeedItemKind Kind, AccessUnit? Unit, FeedLayout Layout);

internal enum FeedItemKind
{
    Layout,
    Unit,
    Interrupted,
    Ended,
}
