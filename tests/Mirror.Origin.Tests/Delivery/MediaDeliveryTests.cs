using System.Net;
using System.Net.Http.Headers;
using Mirror.Origin.Live;
using Mirror.Origin.Tests.Publishing;
using Mirror.Streams.Store;

namespace Mirror.Origin.Tests.Delivery;

public sealed class MediaDeliveryTests : IAsyncLifetime
{
    private readonly ManualTime _time = new();
    private OriginServer _server = null!;
    private TestRendition _video = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await OriginServer.StartAsync(_time);
        _video = _server.Video().Start().Init().Segments(8).Part().Part();
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private static readonly Dictionary<string, Version> Protocols = new() { ["HTTP/1.1 over TLS"] = HttpVersion.Version11, ["HTTP/2 over TLS"] = HttpVersion.Version20 };

    public static TheoryData<string> ProtocolNames => new(Protocols.Keys);

    [Theory, MemberData(nameof(ProtocolNames))]
    public async Task Every_listed_part_and_segment_is_there_to_the_byte(string protocol)
    {
        using HttpClient client = _server.CreateClient(Protocols[protocol]);
        foreach (((long msn, int part), byte[] expected) in _video.Parts)
        {
            Assert.Equal(expected, await client.GetByteArrayAsync($"/live/demo/source/{msn}.{part}.m4s"));
        }
        for (long msn = TestRendition.FirstMsn; msn < _video.Msn; msn++)
        {
            Assert.Equal(_video.SegmentBytes(msn), await client.GetByteArrayAsync($"/live/demo/source/{msn}.m4s"));
        }
    }

    [Fact]
    public async Task Media_is_immutable_and_named_for_what_it_is()
    {
        _server.Audio().Start().Init().Segments(1);
        using HttpResponseMessage part = await _server.Client.GetAsync("/live/demo/source/1200.0.m4s");
        Assert.Equal("max-age=3600, immutable", string.Join(", ", part.Headers.GetValues("Cache-Control")));
        Assert.Equal("video/mp4", part.Content.Headers.ContentType!.ToString());
        Assert.Equal("bytes", string.Join(", ", part.Headers.AcceptRanges));
        Assert.Equal("*", string.Join(", ", part.Headers.GetValues("Access-Control-Allow-Origin")));
        using HttpResponseMessage audio = await _server.Client.GetAsync("/live/demo/audio/1200.m4s");
        Assert.Equal("audio/mp4", audio.Content.Headers.ContentType!.ToString());
    }

    [Fact]
    public async Task The_named_init_is_immutable_and_the_current_one_is_not_to_be_cached()
    {
        using HttpResponseMessage named = await _server.Client.GetAsync($"/live/demo/source/{_video.InitName}");
        using HttpResponseMessage current = await _server.Client.GetAsync("/live/demo/source/init.mp4");
        Assert.Equal("max-age=3600, immutable", named.Headers.CacheControl!.ToString());
        Assert.Equal("no-cache", current.Headers.CacheControl!.ToString());
        Assert.Equal(await named.Content.ReadAsByteArrayAsync(), await current.Content.ReadAsByteArrayAsync());

        _video.Init(2);
        Assert.Equal(701, (await _server.Client.GetByteArrayAsync("/live/demo/source/init-source-1.mp4")).Length);
        Assert.Equal(702, (await _server.Client.GetByteArrayAsync("/live/demo/source/init.mp4")).Length);
    }

    [Fact]
    public async Task The_hinted_part_blocks_and_then_comes_whole()
    {
        Task<byte[]> pending = _server.Client.GetByteArrayAsync("/live/demo/source/1208.2.m4s");
        await WaitingAsync(1);
        _video.Part();
        Assert.Equal(_video.Parts[(1208, 2)], await pending);
    }

    [Fact]
    public async Task The_hint_after_a_segment_is_the_first_part_of_the_next()
    {
        _video.Part(ends: true);
        Task<byte[]> pending = _server.Client.GetByteArrayAsync("/live/demo/source/1209.0.m4s");
        await WaitingAsync(1);
        _video.Part();
        Assert.Equal(_video.Parts[(1209, 0)], await pending);
    }

    private static readonly Dictionary<string, Action<TestRendition>> Abandonments = new()
    {
        ["the segment closes without it"] = video => video.Close(),
        ["it is missing"] = video => video.Missing(),
        ["the stream ends"] = video => video.End(),
        ["the numbers jump"] = video => video.Start(5000),
    };

    public static TheoryData<string> AbandonmentNames => new(Abandonments.Keys);

    [Theory, MemberData(nameof(AbandonmentNames))]
    public async Task A_hint_that_is_abandoned_is_404_when(string name)
    {
        Task<HttpResponseMessage> pending = _server.Client.GetAsync("/live/demo/source/1208.2.m4s");
        await WaitingAsync(1);
        Abandonments[name](_video);
        using HttpResponseMessage response = await pending;
        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        Assert.Equal("no-store", response.Headers.CacheControl!.ToString());
    }

    [Fact]
    public async Task A_hinted_part_that_does_not_come_in_time_is_503()
    {
        Task<HttpResponseMessage> pending = _server.Client.GetAsync("/live/demo/source/1208.2.m4s");
        await WaitingAsync(1);
        _time.Advance(TimeSpan.FromSeconds(3.3));
        using HttpResponseMessage response = await pending;
        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
    }

    [Theory]
    [InlineData("1208.3.m4s")]          // one past the hint
    [InlineData("1209.0.m4s")]
    [InlineData("1208.m4s")]            // open, so not listed
    [InlineData("1100.0.m4s")]
    [InlineData("1100.m4s")]
    [InlineData("1200.5.m4s")]
    [InlineData("init-source-9.mp4")]
    public async Task What_is_neither_listed_nor_hinted_is_404(string file)
    {
        using HttpResponseMessage response = await _server.Client.GetAsync($"/live/demo/source/{file}");
        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        Assert.Equal("no-store", response.Headers.CacheControl!.ToString());
        Assert.Equal(0, _server.Store.Reads);
    }

    [Fact]
    public async Task Missing_parts_are_404_and_their_segment_is_the_rest()
    {
        _video.Missing().Part(ends: true);
        byte[] expected = [.. _video.Parts[(1208, 0)], .. _video.Parts[(1208, 1)], .. _video.Parts[(1208, 3)]];
        Assert.Equal(HttpStatusCode.NotFound, (await _server.Client.GetAsync("/live/demo/source/1208.2.m4s")).StatusCode);
        Assert.Equal(expected, await _server.Client.GetByteArrayAsync("/live/demo/source/1208.m4s"));

        for (int i = 0; i < 5; i++) { _video.Missing(); }
        Assert.Equal(HttpStatusCode.NotFound, (await _server.Client.GetAsync("/live/demo/source/1209.m4s")).StatusCode);
    }

    [Theory]
    [InlineData("1200.m4s", 0, 0)]
    [InlineData("1200.m4s", 10, 20)]
    [InlineData("1200.m4s", 150, null)]
    [InlineData("1200.m4s", 900, 1800)]
    [InlineData("1200.1.m4s", 7, 77)]
    [InlineData("1200.1.m4s", null, 5)]
    [InlineData("init.mp4", 0, 99)]
    public async Task Ranges_are_206(string file, int? from, int? to)
    {
        byte[] whole = await _server.Client.GetByteArrayAsync($"/live/demo/source/{file}");
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/live/demo/source/{file}");
        request.Headers.Range = new RangeHeaderValue(from, to);
        using HttpResponseMessage response = await _server.Client.SendAsync(request);

        int first = from ?? whole.Length - to!.Value;
        int last = from is null ? whole.Length - 1 : Math.Min(to ?? int.MaxValue, whole.Length - 1);
        Assert.Equal(HttpStatusCode.PartialContent, response.StatusCode);
        Assert.Equal($"bytes {first}-{last}/{whole.Length}", response.Content.Headers.ContentRange!.ToString());
        Assert.Equal(whole[first..(last + 1)], await response.Content.ReadAsByteArrayAsync());
    }

    [Theory]
    [InlineData("1200.m4s")]
    [InlineData("1200.0.m4s")]
    public async Task A_range_past_the_end_is_416(string file)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/live/demo/source/{file}");
        request.Headers.Range = new RangeHeaderValue(1_000_000, null);
        using HttpResponseMessage response = await _server.Client.SendAsync(request);
        Assert.Equal(HttpStatusCode.RequestedRangeNotSatisfiable, response.StatusCode);
        Assert.StartsWith("bytes */", response.Content.Headers.ContentRange!.ToString(), StringComparison.Ordinal);
        AssertReleased();
    }

    [Fact]
    public async Task Many_viewers_cost_one_read_a_part()
    {
        TaskCompletionSource gate = _server.Store.Block();
        Task<byte[]>[] pending = [.. Enumerable.Range(0, 50).Select(i => _server.Client.GetByteArrayAsync(i % 2 == 0 ? "/live/demo/source/1200.0.m4s" : "/live/demo/source/1200.m4s"))];
        await Eventually.HoldsAsync(() => _server.Store.Reads > 0, "the store is read");
        gate.SetResult();
        await Task.WhenAll(pending);
        Assert.Equal(5, _server.Store.Reads);
        AssertReleased();
    }

    [Fact]
    public async Task A_store_that_fails_is_503_and_once_it_is_well_200()
    {
        _server.Store.FailWith(new IOException("disk"));
        foreach (string file in new[] { "1200.0.m4s", "1200.m4s", "init.mp4" })
        {
            using HttpResponseMessage failed = await _server.Client.GetAsync($"/live/demo/source/{file}");
            Assert.Equal(HttpStatusCode.ServiceUnavailable, failed.StatusCode);
            Assert.Equal("no-store", failed.Headers.CacheControl!.ToString());
        }
        _server.Store.FailWith(null);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(_video.SegmentBytes(1200), await _server.Client.GetByteArrayAsync("/live/demo/source/1200.m4s"));
        AssertReleased();
    }

    [Fact]
    public async Task A_segment_that_the_store_lost_is_404()
    {
        _server.Store.Lose(new SegmentKey(_video.Key, 1203));
        Assert.Equal(HttpStatusCode.NotFound, (await _server.Client.GetAsync("/live/demo/source/1203.m4s")).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await _server.Client.GetAsync("/live/demo/source/1203.0.m4s")).StatusCode);
    }

    [Fact]
    public async Task A_slow_store_holds_back_only_those_who_need_it()
    {
        byte[] cached = await _server.Client.GetByteArrayAsync("/live/demo/source/1201.0.m4s");
        TaskCompletionSource gate = _server.Store.Block();
        Task<byte[]> slow = _server.Client.GetByteArrayAsync("/live/demo/source/1202.0.m4s");
        await Eventually.HoldsAsync(() => _server.Store.Reads == 2, "the store is read");
        Assert.Equal(cached, await _server.Client.GetByteArrayAsync("/live/demo/source/1201.0.m4s"));
        _video.Part();
        Assert.NotEmpty(await _server.Client.GetByteArrayAsync("/live/demo/source/playlist.m3u8"));
        gate.SetResult();
        Assert.Equal(_video.Parts[(1202, 0)], await slow);
    }

    [Fact]
    public async Task Viewers_that_leave_in_the_middle_give_their_buffers_back()
    {
        TestRendition large = _server.Video(stream: "large", partLength: 3_000_000).Start().Init().Segments(2);
        for (int round = 0; round < 10; round++)
        {
            using HttpClient client = _server.CreateClient();
            HttpResponseMessage response = await client.GetAsync($"/live/large/source/{TestRendition.FirstMsn}{(round % 2 == 0 ? ".0" : "")}.m4s", HttpCompletionOption.ResponseHeadersRead);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            byte[] some = new byte[1000];
            await (await response.Content.ReadAsStreamAsync()).ReadExactlyAsync(some);
            response.Dispose();
        }
        _server.Timeline(large).Close();
        await Eventually.HoldsAsync(() => _server.Store.BuffersHeld == 0, "all buffers are released");
    }

    [Fact]
    public async Task Parts_that_left_the_playlist_are_let_go_and_still_served()
    {
        byte[] before = await _server.Client.GetByteArrayAsync("/live/demo/source/1200.0.m4s");
        _video.Part(ends: true).Segments(40);
        await Eventually.HoldsAsync(() => _server.Store.BuffersHeld == 0, "the part is evicted");
        Assert.Equal(before, await _server.Client.GetByteArrayAsync("/live/demo/source/1200.0.m4s"));
        _time.Advance(TimeSpan.FromSeconds(12));
        Assert.Equal(HttpStatusCode.NotFound, (await _server.Client.GetAsync("/live/demo/source/1200.0.m4s")).StatusCode);
        await Eventually.HoldsAsync(() => _server.Store.BuffersHeld == 0, "the part is let go for good");
    }

    [Fact]
    public async Task Playing_while_segments_are_evicted_releases_every_buffer_once()
    {
        using var stop = new CancellationTokenSource();
        int answers = 0;
        Task[] viewers = [.. Enumerable.Range(0, 8).Select(viewer => Task.Run(async () =>
        {
            using HttpClient client = _server.CreateClient();
            var random = new Random(viewer);
            while (!stop.IsCancellationRequested)
            {
                PlaylistVersion version = _server.Timeline(_video).Current;
                ReadOnlyMemory<LiveSegment> available = version.Available;
                LiveSegment segment = available.Span[random.Next(available.Length)];
                using HttpResponseMessage response = await client.GetAsync($"/live/demo/source/{segment.Msn}{(random.Next(2) == 0 ? ".1" : "")}.m4s");
                Assert.True(response.StatusCode is HttpStatusCode.OK or HttpStatusCode.NotFound, response.StatusCode.ToString());
                byte[] body = await response.Content.ReadAsByteArrayAsync();
                Assert.True(response.StatusCode == HttpStatusCode.NotFound || body.Length == response.Content.Headers.ContentLength);
                Interlocked.Increment(ref answers);
            }
        }))];
        for (int i = 0; i < 300; i++)
        {
            _video.Segments(1);
            _time.Advance(TimeSpan.FromSeconds(0.5));
            // No faster than the viewers, so that reading and evicting really meet.
            await Eventually.HoldsAsync(() => Volatile.Read(ref answers) > i || viewers.Any(viewer => viewer.IsFaulted), "viewers play");
        }
        await stop.CancelAsync();
        await Task.WhenAll(viewers);
        Assert.True(_server.Store.BuffersLent > 0);
        _server.Timeline(_video).Close();
        await Eventually.HoldsAsync(() => _server.Store.BuffersHeld == 0, "all buffers are released");
    }

    private Task WaitingAsync(int count) => Eventually.HoldsAsync(() => _server.Timeline(_video).Waiters.Count == count, $"{count} requests wait");

    // The cache's own references are all that is left: closing the timeline gives those back too.
    private void AssertReleased()
    {
        _server.Timeline(_video).Close();
        Assert.Equal(0, _server.Store.BuffersHeld);
    }
}
