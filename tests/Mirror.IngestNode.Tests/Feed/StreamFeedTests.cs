using Mirror.IngestNode.Feed;
using Mirror.IngestNode.Gop;
using Mirror.Media.Frames;

namespace Mirror.IngestNode.Tests.Feed;

public sealed class StreamFeedTests : IDisposable
{
    private static readonly DateTime Epoch = new(2026, 6, 1, 0, 0, 0, DateTimeKind.Utc);
    private static readonly VideoTrack Video = new() { Id = 1, Codec = Codec.H264, DecoderConfiguration = new byte[] { 1 }, CodecString = "avc1.64001f", Width = 640, Height = 360 };

    private readonly GopBuffer _gop = new(new GopBufferOptions(), TimeProvider.System);
    private readonly List<MediaBuffer> _payloads = [];
    private readonly StreamFeed _feed;
    private bool _isOverForAll = true;
    private int _number;

    public StreamFeedTests() => _feed = new StreamFeed(_gop, _ => _isOverForAll);

    public void Dispose()
    {
        _gop.Dispose();
        Assert.All(_payloads, payload => Assert.False(payload.TryRetain()));         // nobody keeps what he was given
    }

    [Fact]
    public void A_reader_begins_with_the_newest_key_frame_and_gets_all_that_follows()
    {
        Send(12, gop: 5);
        using FeedSubscription reader = _feed.Subscribe(after: null)!;
        Send(3, gop: 5);
        Assert.Equal([10, 11, 12, 13, 14], Read(reader));
    }

    [Fact]
    public void A_reader_that_has_the_stream_up_to_a_time_begins_with_the_key_frame_after_it()
    {
        Send(14, gop: 5);
        using FeedSubscription reader = _feed.Subscribe(TimeOf(3))!;
        Assert.Equal(5, Read(reader)[0]);
        using FeedSubscription late = _feed.Subscribe(TimeOf(13))!;                  // none follows: the newest
        Assert.Equal(10, Read(late)[0]);
    }

    [Fact]
    public void A_unit_that_is_in_the_buffer_and_not_yet_in_the_feed_comes_once()
    {
        Send(5, gop: 5);
        AccessUnit unit = Make(isKey: true);
        _gop.Add(unit);
        using FeedSubscription reader = _feed.Subscribe(after: null)!;
        _feed.Write(unit);
        unit.Release();
        Send(1, gop: 5);
        Assert.Equal([5, 6], Read(reader));
    }

    [Fact]
    public void A_reader_that_is_too_slow_misses_units_up_to_a_key_frame_and_others_do_not()
    {
        using FeedSubscription slow = _feed.Subscribe(after: null)!;
        for (int i = 0; i < 5_000; i++)
        {
            AccessUnit unit = Make(isKey: i % 100 == 0);
            _feed.Write(unit);
            unit.Release();
        }
        List<int> first = Read(slow);
        Assert.InRange(first.Count, 4_000, 4_200);
        AccessUnit predicted = Make(isKey: false);
        _feed.Write(predicted);
        predicted.Release();
        AccessUnit key = Make(isKey: true);
        _feed.Write(key);
        key.Release();
        Assert.Equal([5_001], Read(slow));                   // not the one before, whose references are missing
    }

    [Fact]
    public void An_end_is_told_and_a_node_that_stops_tells_none()
    {
        using FeedSubscription reader = _feed.Subscribe(after: null)!;
        _feed.Interrupt();
        _isOverForAll = false;
        _feed.End();
        Assert.Equal([FeedItemKind.Layout, FeedItemKind.Interrupted], Kinds(reader));
        Assert.True(reader.Items.Completion.IsCompleted);
        Assert.Null(_feed.Subscribe(after: null));

        var other = new StreamFeed(_gop, _ => true);
        using FeedSubscription told = other.Subscribe(after: null)!;
        other.End();
        Assert.Equal([FeedItemKind.Layout, FeedItemKind.Ended], Kinds(told));
    }

    private static DateTime TimeOf(int number) => Epoch.AddMilliseconds(number * 40);

    private void Send(int count, int gop)
    {
        for (int i = 0; i < count; i++)
        {
            AccessUnit unit = Make(isKey: _number % gop == 0);
            _gop.Add(unit);
            _feed.Write(unit);
            unit.Release();
        }
    }

    private AccessUnit Make(bool isKey)
    {
        MediaBuffer payload = MediaBuffer.CopyOf(BitConverter.GetBytes(_number));
        _payloads.Add(payload);
        long time90k = _number * 3_600L;
        return new AccessUnit
        {
            Track = Video,
            Pts90k = time90k,
            Dts90k = time90k,
            Payload = payload,
            FrameType = isKey ? FrameType.Key : FrameType.Predicted,
            IsRandomAccess = isKey,
            ProgramTime = TimeOf(_number++),
        };
    }

    private static List<int> Read(FeedSubscription reader)
    {
        List<int> numbers = [];
        while (reader.Items.TryRead(out FeedItem item))
        {
            if (item.Unit is not { } unit) { continue; }
            numbers.Add(BitConverter.ToInt32(unit.Payload.Span));
            reader.Done(unit);
        }
        return numbers;
    }

    private static List<FeedItemKind> Kinds(FeedSubscription reader)
    {
        List<FeedItemKind> kinds = [];
        while (reader.Items.TryRead(out FeedItem item)) { kinds.Add(item.Kind); }
        return kinds;
    }
}
