using System.IO.Compression;
using System.Net;
using System.Text;
using System.Text.Json;
using Mirror.Media.Frames;
using Mirror.Media.Playlists;
using Mirror.Origin.Live;
using Mirror.Origin.Tests.Publishing;
using Mirror.Streams.Registry;

namespace Mirror.Origin.Tests.Delivery;

public sealed class PlaylistDeliveryTests : IAsyncLifetime
{
    private const string Playlist = "/live/demo/source/playlist.m3u8";
    private const string Multivariant = "/live/demo/playlist.m3u8";
    private readonly ManualTime _time = new();
    private OriginServer _server = null!;
    private TestRendition _video = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await OriginServer.StartAsync(_time, "--delivery.max_parked_per_rendition", "3", "--delivery.max_parked", "5");
        _video = _server.Video();
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private void StartVideo(int segments = 30, int openParts = 2)
    {
        _video.Start().Init().Segments(segments);
        for (int i = 0; i < openParts; i++) { _video.Part(); }
    }

    [Fact]
    public async Task A_plain_request_is_answered_at_once_and_not_to_be_cached()
    {
        StartVideo();
        using HttpResponseMessage response = await _server.Client.GetAsync(Playlist);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("application/vnd.apple.mpegurl", response.Content.Headers.ContentType!.ToString());
        Assert.Equal("no-cache", Header(response, "Cache-Control"));
        Assert.Equal("Accept-Encoding", Header(response, "Vary"));
        Assert.Equal("*", Header(response, "Access-Control-Allow-Origin"));
        Assert.Contains("Age, Date, Content-Length, Content-Range", Header(response, "Access-Control-Expose-Headers"), StringComparison.Ordinal);
        Assert.Equal("none", Header(response, "Accept-Ranges"));
        Assert.Equal("0", Header(response, "Age"));
        Assert.NotNull(response.Headers.Date);
        Assert.Empty(response.Content.Headers.ContentEncoding);
        MediaPlaylistDocument document = Parse(await response.Content.ReadAsByteArrayAsync());
        Assert.Equal($"{_video.Msn}.{_video.NextPart}.m4s", document.PreloadHintUri);
    }

    [Fact]
    public async Task Gzip_is_the_same_text()
    {
        StartVideo();
        byte[] plain = await _server.Client.GetByteArrayAsync(Playlist);
        using var request = new HttpRequestMessage(HttpMethod.Get, Playlist);
        request.Headers.AcceptEncoding.ParseAdd("gzip, br");
        using HttpResponseMessage response = await _server.Client.SendAsync(request);

        Assert.Equal(["gzip"], response.Content.Headers.ContentEncoding);
        byte[] compressed = await response.Content.ReadAsByteArrayAsync();
        Assert.Equal(compressed.Length, response.Content.Headers.ContentLength);
        Assert.True(compressed.Length < plain.Length / 2);
        using var gzip = new GZipStream(new MemoryStream(compressed), CompressionMode.Decompress);
        using var text = new MemoryStream();
        await gzip.CopyToAsync(text);
        Assert.Equal(plain, text.ToArray());
    }

    [Fact]
    public async Task A_delta_update_keeps_the_numbers_and_the_kept_segments()
    {
        StartVideo();
        MediaPlaylistDocument full = Parse(await _server.Client.GetByteArrayAsync(Playlist));
        MediaPlaylistDocument delta = Parse(await _server.Client.GetByteArrayAsync($"{Playlist}?_HLS_skip=YES"));
        MediaPlaylistDocument deltaV2 = Parse(await _server.Client.GetByteArrayAsync($"{Playlist}?_HLS_skip=v2"));

        Assert.Equal(7, delta.SkippedSegments);
        Assert.Equal(7, deltaV2.SkippedSegments);
        Assert.Equal(full.Segments.Skip(7).Select(segment => segment.Uri), delta.Segments.Select(segment => segment.Uri));
        Assert.Equal((full.MediaSequence, full.LastMsn), (delta.MediaSequence, delta.LastMsn));
    }

    private static readonly Dictionary<string, (string Query, int Status)> Immediate = new()
    {
        ["a listed part"] = ("_HLS_msn=1230&_HLS_part=1", 200),
        ["the last segment"] = ("_HLS_msn=1229", 200),
        ["an evicted segment"] = ("_HLS_msn=3", 200),
        ["an evicted segment with a part"] = ("_HLS_msn=3&_HLS_part=9", 200),
        ["a part past the last of a segment"] = ("_HLS_msn=1229&_HLS_part=5", 200),
        ["directives in byte order"] = ("_HLS_part=1&_HLS_msn=1230&_HLS_skip=YES", 200),
        ["a stranger's parameter"] = ("_HLS_msn=1230&_HLS_part=1&viewer=7", 200),
        ["a part without msn"] = ("_HLS_part=1", 400),
        ["a word for a number"] = ("_HLS_msn=next", 400),
        ["a negative number"] = ("_HLS_msn=-1", 400),
        ["an overflow"] = ("_HLS_msn=1230&_HLS_part=99999999999", 400),
        ["a segment too far ahead"] = ("_HLS_msn=1232", 400),
        ["a part too far ahead"] = ("_HLS_msn=1230&_HLS_part=32", 400),
        ["a part of the next segment too far ahead"] = ("_HLS_msn=1231&_HLS_part=27", 400),
    };

    public static TheoryData<string> ImmediateNames => new(Immediate.Keys);

    [Theory, MemberData(nameof(ImmediateNames))]
    public async Task Answers_at_once(string name)
    {
        StartVideo();
        (string query, int status) = Immediate[name];
        using HttpResponseMessage response = await _server.Client.GetAsync($"{Playlist}?{query}");

        Assert.Equal(status, (int)response.StatusCode);
        if (status == 200)
        {
            Assert.Equal(query.Contains("_HLS_msn", StringComparison.Ordinal) ? "max-age=6" : "no-cache", Header(response, "Cache-Control"));
            return;
        }
        Assert.Equal("no-store", Header(response, "Cache-Control"));
        await AssertErrorAsync(response, "bad_request");
    }

    private static readonly Dictionary<string, (string Query, Action<TestRendition>[] Idle, Action<TestRendition> Release)> Blocking = new()
    {
        ["the next part"] = ("_HLS_msn=1230&_HLS_part=2", [], video => video.Part()),
        ["a later part"] = ("_HLS_msn=1230&_HLS_part=4", [video => video.Part(), video => video.Part()], video => video.Part()),
        ["the open segment"] = ("_HLS_msn=1230", [video => video.Part(), video => video.Part(), video => video.Part()], video => video.Part()),
        ["the first part of the next segment"] = ("_HLS_msn=1231&_HLS_part=0", [video => video.Segments(1)], video => video.Part()),
        ["the next segment"] = ("_HLS_msn=1231", [video => video.Segments(1), video => video.Segments(1)], video => video.Part()),
        ["a part that its segment never gets: the first of the next"] = ("_HLS_msn=1230&_HLS_part=4", [video => video.Part(ends: true)], video => video.Part()),
        ["the segment closed after the fact"] = ("_HLS_msn=1230", [], video => video.Close()),
        ["the end"] = ("_HLS_msn=1230&_HLS_part=9", [], video => video.End()),
    };

    public static TheoryData<string> BlockingNames => new(Blocking.Keys);

    [Theory, MemberData(nameof(BlockingNames))]
    public async Task Blocks_until(string name)
    {
        StartVideo();
        (string query, Action<TestRendition>[] idle, Action<TestRendition> release) = Blocking[name];
        Task<HttpResponseMessage> pending = _server.Client.GetAsync($"{Playlist}?{query}");
        await ParkedAsync(1);
        foreach (Action<TestRendition> step in idle)
        {
            step(_video);
            await WokenAsync();
            Assert.Equal(1, _server.Timeline(_video).Waiters.Count);
        }
        release(_video);
        using HttpResponseMessage response = await pending;

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        byte[] newest = await _server.Client.GetByteArrayAsync(Playlist);
        Assert.Equal(newest, await response.Content.ReadAsByteArrayAsync());
        await ParkedAsync(0);
        Assert.Equal(0, _server.Streams.Parking.Count);
    }

    [Fact]
    public async Task Three_seconds_of_silence_are_503()
    {
        StartVideo();
        Task<HttpResponseMessage> pending = _server.Client.GetAsync($"{Playlist}?_HLS_msn=1230&_HLS_part=2");
        await ParkedAsync(1);
        _time.Advance(TimeSpan.FromSeconds(2.9));
        Assert.Equal(1, _server.Timeline(_video).Waiters.Count);
        _time.Advance(TimeSpan.FromSeconds(0.4));
        using HttpResponseMessage response = await pending;

        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
        Assert.Equal("no-store", Header(response, "Cache-Control"));
        Assert.Equal("1", Header(response, "Retry-After"));
        await AssertErrorAsync(response, "unavailable");
    }

    [Fact]
    public async Task The_end_releases_everyone_and_directives_are_ignored_from_then_on()
    {
        StartVideo();
        Task<HttpResponseMessage>[] pending = [.. Enumerable.Range(2, 3).Select(part => _server.Client.GetAsync($"{Playlist}?_HLS_msn=1230&_HLS_part={part}"))];
        await ParkedAsync(3);
        _video.End();
        foreach (HttpResponseMessage response in await Task.WhenAll(pending))
        {
            Assert.True(Parse(await response.Content.ReadAsByteArrayAsync()).IsEnded);
            response.Dispose();
        }
        foreach (string query in new[] { "", "?_HLS_msn=99999", "?_HLS_part=1", "?_HLS_msn=x", "?_HLS_msn=1&_HLS_skip=YES" })
        {
            MediaPlaylistDocument document = Parse(await _server.Client.GetByteArrayAsync(Playlist + query));
            Assert.Equal((true, 0, null), (document.IsEnded, document.SkippedSegments, document.PreloadHintUri));
        }
    }

    [Fact]
    public async Task More_than_may_wait_are_refused_with_503()
    {
        StartVideo();
        Task<HttpResponseMessage>[] pending = [.. Enumerable.Range(0, 3).Select(_ => _server.Client.GetAsync($"{Playlist}?_HLS_msn=1230&_HLS_part=2"))];
        await ParkedAsync(3);
        using HttpResponseMessage refused = await _server.Client.GetAsync($"{Playlist}?_HLS_msn=1230&_HLS_part=2");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
        Assert.Equal("1", Header(refused, "Retry-After"));

        _video.Part();
        foreach (HttpResponseMessage response in await Task.WhenAll(pending))
        {
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            response.Dispose();
        }
    }

    [Fact]
    public async Task The_limit_on_all_waiting_requests_counts_over_renditions()
    {
        StartVideo();
        TestRendition audio = _server.Audio().Start().Init().Segments(30).Part().Part();
        Task<HttpResponseMessage>[] pending =
        [
            .. Enumerable.Range(0, 3).Select(_ => _server.Client.GetAsync($"{Playlist}?_HLS_msn=1230&_HLS_part=2")),
            .. Enumerable.Range(0, 2).Select(_ => _server.Client.GetAsync("/live/demo/audio/playlist.m3u8?_HLS_msn=1230&_HLS_part=2")),
        ];
        await Eventually.HoldsAsync(() => _server.Streams.Parking.Count == 5 && _server.Timeline(audio).Waiters.Count == 2, "five requests wait");
        using HttpResponseMessage refused = await _server.Client.GetAsync("/live/demo/audio/playlist.m3u8?_HLS_msn=1230&_HLS_part=2");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
        Assert.Equal(2, _server.Timeline(audio).Waiters.Count);

        _video.Part();
        audio.Part();
        foreach (HttpResponseMessage response in await Task.WhenAll(pending)) { response.Dispose(); }
        Assert.Equal(0, _server.Streams.Parking.Count);
    }

    [Fact]
    public async Task Viewers_that_leave_are_forgotten()
    {
        StartVideo();
        for (int round = 0; round < 5; round++)
        {
            using var leaving = new CancellationTokenSource();
            Task[] pending = [.. Enumerable.Range(0, 3).Select(_ => _server.Client.GetAsync($"{Playlist}?_HLS_msn=1230&_HLS_part=2", leaving.Token))];
            await ParkedAsync(3);
            await leaving.CancelAsync();
            await ParkedAsync(0);
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Task.WhenAll(pending));
        }
        await Eventually.HoldsAsync(() => _server.Streams.Parking.Count == 0, "no request is counted");
        Assert.Equal(HttpStatusCode.OK, (await _server.Client.GetAsync(Playlist)).StatusCode);
    }

    [Fact]
    public async Task A_server_that_stops_answers_everyone_who_waits()
    {
        StartVideo();
        Task<HttpResponseMessage> pending = _server.Client.GetAsync($"{Playlist}?_HLS_msn=1230&_HLS_part=2");
        await ParkedAsync(1);
        await _server.StopAsync();
        using HttpResponseMessage response = await pending;
        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
    }

    [Fact]
    public async Task Unknown_streams_and_renditions_are_404()
    {
        StartVideo();
        foreach (string path in new[] { "/live/none/playlist.m3u8", "/live/none/source/playlist.m3u8", "/live/demo/none/playlist.m3u8", "/live/bad%20name/playlist.m3u8", "/live/demo/source/other", "/live/x" })
        {
            using HttpResponseMessage response = await _server.Client.GetAsync(path);
            Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
            Assert.Equal("no-store", Header(response, "Cache-Control"));
            await AssertErrorAsync(response, "not_found");
        }
    }

    [Fact]
    public async Task A_rendition_that_has_just_begun_is_waited_for()
    {
        _video.Start().Init();
        Task<HttpResponseMessage> pending = _server.Client.GetAsync(Playlist);
        await ParkedAsync(1);
        _video.Segments(1).Part();
        using HttpResponseMessage response = await pending;
        Assert.Single(Parse(await response.Content.ReadAsByteArrayAsync()).Segments);
    }

    [Fact]
    public async Task The_multivariant_playlist_of_a_known_stream_waits_for_all_it_will_consist_of()
    {
        var record = new StreamRecord { Id = "demo", Type = "srt", SourceAddress = "", CreatedAt = default, LastHeartbeat = default, Status = StreamStatus.Active, Video = (Mirror.Media.Frames.VideoTrack)_video.Track };
        TestRendition audio = _server.Audio();
        await _server.Registry.PutAsync(record with { Audio = (Mirror.Media.Frames.AudioTrack)audio.Track }, default);
        Task<HttpResponseMessage> pending = _server.Client.GetAsync(Multivariant);
        Task<HttpResponseMessage> media = _server.Client.GetAsync("/live/demo/audio/playlist.m3u8");
        await Eventually.HoldsAsync(() => _server.Streams.Parking.Count == 2, "both requests wait");
        StartVideo(segments: 6);
        await WokenAsync();
        Assert.False(pending.IsCompleted);
        audio.Start().Init().Segments(6);
        using HttpResponseMessage response = await pending;

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("max-age=1", Header(response, "Cache-Control"));
        MultivariantDocument document = ParseMultivariant(await response.Content.ReadAsByteArrayAsync());
        Assert.Equal(["source/playlist.m3u8", "audio/playlist.m3u8"], document.PlaylistUris);
        Assert.Equal(HttpStatusCode.OK, (await media).StatusCode);
    }

    /// <summary>It may begin anew, while a playlist that is closed and empty would be the end for a player.</summary>
    [Fact]
    public async Task A_rendition_that_ended_before_it_began_is_503()
    {
        _video.Start();
        Task<HttpResponseMessage> waiting = _server.Client.GetAsync(Playlist);
        await Eventually.HoldsAsync(() => _server.Streams.Parking.Count == 1, "the request waits");
        _video.End();
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await waiting).StatusCode);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await _server.Client.GetAsync(Playlist)).StatusCode);
        _video.Start().Init().Segments(2);
        Assert.Equal(HttpStatusCode.OK, (await _server.Client.GetAsync(Playlist)).StatusCode);
    }

    [Fact]
    public async Task The_multivariant_playlist_of_a_stream_that_brings_nothing_is_503()
    {
        await _server.Registry.PutAsync(new StreamRecord { Id = "demo", Type = "srt", SourceAddress = "", CreatedAt = default, LastHeartbeat = default }, default);
        Task<HttpResponseMessage> pending = _server.Client.GetAsync(Multivariant);
        await Eventually.HoldsAsync(() => _server.Streams.Parking.Count == 1, "the request waits");
        _time.Advance(TimeSpan.FromSeconds(4));
        Assert.False(pending.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(1.5));
        using HttpResponseMessage response = await pending;
        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
    }

    [Fact]
    public async Task A_rendition_that_comes_late_appears_in_the_multivariant_playlist_and_in_the_reports()
    {
        StartVideo();
        MultivariantDocument before = ParseMultivariant(await _server.Client.GetByteArrayAsync(Multivariant));
        Assert.Equal((1, 0), (before.Variants.Count, before.Media.Count));
        Assert.Null(before.Variants[0].AudioGroup);

        _server.Audio().Start().Init().Segments(3);
        MultivariantDocument after = ParseMultivariant(await _server.Client.GetByteArrayAsync(Multivariant));
        VariantEntry variant = Assert.Single(after.Variants);
        Assert.Equal(("audio", "avc1.640028,mp4a.40.2", "1280x720", 30.000m, "SDR"), (variant.AudioGroup, variant.Codecs, variant.Resolution, variant.FrameRate, variant.VideoRange));
        Assert.Equal(("AUDIO", "audio", "audio/playlist.m3u8"), (after.Media[0].Type, after.Media[0].GroupId, after.Media[0].Uri));
        _video.Part();
        Assert.Single(Parse(await _server.Client.GetByteArrayAsync(Playlist)).Reports);
    }

    [Fact]
    public async Task Captions_appear_once_they_are_announced_and_stay()
    {
        StartVideo();
        TestRendition encoded = _server.Video(rendition: "360p").Start().Init().Segments(30);
        Assert.All(ParseMultivariant(await _server.Client.GetByteArrayAsync(Multivariant)).Variants, variant => Assert.Null(variant.CaptionGroup));

        _video.Captions = new CaptionServices([new("CC1", "en")]);
        _video.Init().Segments(1);
        MultivariantDocument document = ParseMultivariant(await _server.Client.GetByteArrayAsync(Multivariant));
        Assert.Equal(["cc", null], document.Variants.Select(variant => variant.CaptionGroup));
        Assert.Equal([("CLOSED-CAPTIONS", "cc", "CC1", "CC1", "en")], document.Media.Select(media => (media.Type, media.GroupId, media.Name, media.InstreamId, media.Language)));

        encoded.Captions = new CaptionServices([new("CC1", null), new("SERVICE1", null)]);
        encoded.Init().Segments(1);

        // A packager that took over has seen none yet.
        _video.Captions = null;
        _video.Init().Segments(1);
        document = ParseMultivariant(await _server.Client.GetByteArrayAsync(Multivariant));
        Assert.Equal(["cc", "cc"], document.Variants.Select(variant => variant.CaptionGroup));
        Assert.Equal([("SERVICE1", null), ("CC1", "en")], document.Media.Select(media => (media.InstreamId, media.Language)));

        _video.End();
        encoded.End();

        // Another stream of the same name.
        _video.Start(_video.Msn + 10).Init().Segments(8);
        Assert.Equal([null], ParseMultivariant(await _server.Client.GetByteArrayAsync(Multivariant)).Variants.Select(variant => variant.CaptionGroup));
    }

    [Fact]
    public async Task Sound_alone_is_a_variant_of_its_own()
    {
        _server.Audio().Start().Init().Segments(6);
        MultivariantDocument document = ParseMultivariant(await _server.Client.GetByteArrayAsync(Multivariant));
        VariantEntry variant = Assert.Single(document.Variants);
        Assert.Equal(("audio/playlist.m3u8", "mp4a.40.2", (string?)null), (variant.Uri, variant.Codecs, variant.Resolution));
        Assert.Empty(document.Media);
    }

    [Fact]
    public async Task Bandwidth_is_the_measured_peak_and_a_quarter()
    {
        StartVideo(segments: 12, openParts: 0);
        MultivariantDocument document = ParseMultivariant(await _server.Client.GetByteArrayAsync(Multivariant));
        long peak = Enumerable.Range(0, 12).Max(i => _video.SegmentBytes(TestRendition.FirstMsn + i).Length * 8L * 2);
        Assert.InRange(document.Variants[0].Bandwidth, (long)(peak * 1.25) - 1, (long)(peak * 1.25) + 1);
        Assert.InRange(document.Variants[0].AverageBandwidth!.Value, peak / 3, peak);
    }

    [Theory]
    [InlineData("HEAD", Playlist, 200)]
    [InlineData("HEAD", Multivariant, 200)]
    [InlineData("HEAD", "/live/demo/source/1230.0.m4s", 200)]
    [InlineData("HEAD", "/live/demo/source/1229.m4s", 200)]
    [InlineData("HEAD", "/live/demo/source/init.mp4", 200)]
    [InlineData("HEAD", "/live/demo/source/7.m4s", 404)]
    public async Task HEAD_is_GET_without_a_body(string method, string path, int status)
    {
        StartVideo();
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        using HttpResponseMessage head = await _server.Client.SendAsync(request);
        using HttpResponseMessage get = await _server.Client.GetAsync(path);

        Assert.Equal(status, (int)head.StatusCode);
        Assert.Equal(get.StatusCode, head.StatusCode);
        Assert.Empty(await head.Content.ReadAsByteArrayAsync());
        if (status == 200) { Assert.Equal(get.Content.Headers.ContentLength, head.Content.Headers.ContentLength); }
        Assert.Equal(get.Content.Headers.ContentType, head.Content.Headers.ContentType);
        Assert.Equal(Header(get, "Cache-Control"), Header(head, "Cache-Control"));
    }

    [Fact]
    public async Task OPTIONS_allows_every_origin_and_other_methods_are_405()
    {
        StartVideo();
        using var preflight = new HttpRequestMessage(HttpMethod.Options, Playlist);
        preflight.Headers.Add("Origin", "https://player.example");
        preflight.Headers.Add("Access-Control-Request-Method", "GET");
        preflight.Headers.Add("Access-Control-Request-Headers", "cache-control,traceparent,x-anything");
        using HttpResponseMessage allowed = await _server.Client.SendAsync(preflight);
        Assert.Equal(HttpStatusCode.NoContent, allowed.StatusCode);
        Assert.Equal("*", Header(allowed, "Access-Control-Allow-Origin"));
        Assert.Contains("GET", Header(allowed, "Access-Control-Allow-Methods"), StringComparison.Ordinal);
        Assert.Contains("Range", Header(allowed, "Access-Control-Allow-Headers"), StringComparison.Ordinal);
        Assert.EndsWith("cache-control, traceparent, x-anything", Header(allowed, "Access-Control-Allow-Headers"), StringComparison.Ordinal);

        using HttpResponseMessage refused = await _server.Client.PostAsync(Playlist, new StringContent("x"));
        Assert.Equal(HttpStatusCode.MethodNotAllowed, refused.StatusCode);
        Assert.Equal("GET, HEAD, OPTIONS", string.Join(", ", refused.Content.Headers.Allow));
        await AssertErrorAsync(refused, "method_not_allowed");
    }

    [Fact]
    public async Task Health_stays_where_it_is()
        => Assert.Equal(HttpStatusCode.OK, (await _server.Client.GetAsync("/live")).StatusCode);

    private Task ParkedAsync(int count) => Eventually.HoldsAsync(() => _server.Timeline(_video).Waiters.Count == count, $"{count} requests wait");

    // What was queued for the pool before this has run: waking is one work item.
    private async Task WokenAsync()
    {
        for (int i = 0; i < 20; i++)
        {
            var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            ThreadPool.UnsafeQueueUserWorkItem(static state => ((TaskCompletionSource)state!).SetResult(), done);
            await done.Task;
        }
    }

    private static string Header(HttpResponseMessage response, string name)
        => response.Headers.TryGetValues(name, out IEnumerable<string>? values) || response.Content.Headers.TryGetValues(name, out values) ? string.Join(", ", values) : "";

    private static async Task AssertErrorAsync(HttpResponseMessage response, string error)
    {
        Assert.Equal("application/json", response.Content.Headers.ContentType!.MediaType);
        using JsonDocument body = JsonDocument.Parse(await response.Content.ReadAsByteArrayAsync());
        Assert.Equal(error, body.RootElement.GetProperty("error").GetString());
        Assert.NotEmpty(body.RootElement.GetProperty("message").GetString()!);
        Assert.True(body.RootElement.GetProperty("time").TryGetDateTime(out _));
    }

    private static MediaPlaylistDocument Parse(byte[] text)
    {
        Assert.True(MediaPlaylistParser.TryParse(Encoding.UTF8.GetString(text), out MediaPlaylistDocument? document, out string? error), error);
        return document;
    }

    private static MultivariantDocument ParseMultivariant(byte[] text)
    {
        Assert.True(MultivariantPlaylistParser.TryParse(Encoding.UTF8.GetString(text), out MultivariantDocument? document, out string? error), error);
        return document;
    }
}
