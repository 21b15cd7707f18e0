using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using Mirror.Media.Frames;
using Mirror.Media.Playlists;
using Mirror.Origin.Tests.Publishing;
using Mirror.Streams.Recordings;

namespace Mirror.Origin.Tests.Dvr;

/// <summary>Recordings over HTTP, from an archive that a test fills.</summary>
public sealed class RecordingDeliveryTests : IAsyncLifetime
{
    private static readonly DateTime Start = new(2026, 1, 1, 12, 0, 0, DateTimeKind.Utc);
    private static readonly RecordingKey Key = RecordingKey.At("cam", Start);
    private static readonly VideoTrack Video = new() { Id = 1, Codec = Codec.H264, CodecString = "avc1.640028", DecoderConfiguration = new byte[] { 1 }, Width = 1280, Height = 720, FrameRate = new Rational(30, 1) };
    private static readonly AudioTrack Audio = new() { Id = 2, Codec = Codec.Aac, CodecString = "mp4a.40.2", DecoderConfiguration = new byte[] { 2 }, SampleRate = 48_000, Channels = 2 };
    private readonly string _folder = Directory.CreateTempSubdirectory("mirror-recordings-").FullName;
    private readonly ManualTime _time = new();
    private LocalRecordingArchive _archive = null!;
    private OriginServer _server = null!;
    private long _position;

    private HttpClient Client => _server.Client;

    private string Base => $"/dvr/{Key}";

    public async ValueTask InitializeAsync()
    {
        _archive = new LocalRecordingArchive(_folder);
        _server = await OriginServer.StartAsync(_time, "--dvr.directory", _folder);
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task A_complete_recording_is_a_VOD_of_all_renditions()
    {
        await BeginAsync();
        for (int i = 0; i < 4; i++) { await AddAsync(100 + i, i * 0.5, "source", "audio"); }
        await AddAsync(500, 10, discontinuity: true, "source", "audio");
        await WriteAsync(new RecordingClosed(Start));

        string text = await Client.GetStringAsync($"{Base}/playlist.m3u8");
        Assert.True(MultivariantPlaylistParser.TryParse(text, out _, out string? error), error);
        Assert.Contains("CODECS=\"avc1.640028,mp4a.40.2\"", text, StringComparison.Ordinal);
        Assert.Contains("RESOLUTION=1280x720", text, StringComparison.Ordinal);
        Assert.Contains("source/playlist.m3u8", text, StringComparison.Ordinal);
        Assert.Contains("URI=\"audio/playlist.m3u8\"", text, StringComparison.Ordinal);

        foreach (string rendition in new[] { "source", "audio" })
        {
            text = await Client.GetStringAsync($"{Base}/{rendition}/playlist.m3u8");
            Assert.Contains("#EXT-X-PLAYLIST-TYPE:VOD\n", text, StringComparison.Ordinal);
            Assert.EndsWith("#EXT-X-ENDLIST\n", text, StringComparison.Ordinal);
            MediaPlaylistDocument playlist = Parse(text);
            Assert.True(playlist.IsEnded);
            Assert.Equal(0, playlist.MediaSequence);
            Assert.Equal(1, playlist.TargetDuration);
            Assert.Equal(["100.m4s", "101.m4s", "102.m4s", "103.m4s", "500.m4s"], playlist.Segments.Select(segment => segment.Uri));
            Assert.All(playlist.Segments, segment => Assert.Equal(0.5m, segment.Duration));
            Assert.Equal([false, false, false, false, true], playlist.Segments.Select(segment => segment.StartsDiscontinuity));
            Assert.Equal(Start, playlist.Segments[0].ProgramDateTime);
            Assert.Equal(Start.AddSeconds(10), playlist.Segments[4].ProgramDateTime);
            foreach (SegmentEntry segment in playlist.Segments)
            {
                Assert.Equal(Bytes(rendition, segment.Uri), await Client.GetByteArrayAsync($"{Base}/{rendition}/{segment.Uri}"));
                Assert.Equal(Bytes(rendition, segment.MapUri!), await Client.GetByteArrayAsync($"{Base}/{rendition}/{segment.MapUri}"));
            }
        }
    }

    [Fact]
    public async Task A_running_recording_is_an_event_that_grows_by_what_all_renditions_have()
    {
        await BeginAsync();
        await AddAsync(100, 0, "source", "audio");
        await AddAsync(101, 0.5, "source");
        string text = await Client.GetStringAsync($"{Base}/source/playlist.m3u8");
        Assert.Contains("#EXT-X-PLAYLIST-TYPE:EVENT\n", text, StringComparison.Ordinal);
        Assert.DoesNotContain("ENDLIST", text, StringComparison.Ordinal);
        Assert.Equal(["100.m4s"], Parse(text).Segments.Select(segment => segment.Uri));
        await AddAsync(101, 0.5, "audio");
        _time.Advance(TimeSpan.FromSeconds(1));
        string grown = await Client.GetStringAsync($"{Base}/source/playlist.m3u8");
        Assert.StartsWith(text, grown, StringComparison.Ordinal);
        Assert.Equal(["100.m4s", "101.m4s"], Parse(grown).Segments.Select(segment => segment.Uri));

        // Retention took the oldest: no event any more, and the number says how many.
        await WriteAsync(new SegmentsRemoved(101));
        _time.Advance(TimeSpan.FromSeconds(1));
        text = await Client.GetStringAsync($"{Base}/audio/playlist.m3u8");
        Assert.DoesNotContain("PLAYLIST-TYPE", text, StringComparison.Ordinal);
        Assert.Equal(1, Parse(text).MediaSequence);
        Assert.Equal(["101.m4s"], Parse(text).Segments.Select(segment => segment.Uri));
    }

    [Fact]
    public async Task What_a_rendition_lacks_is_a_gap_of_the_same_length()
    {
        await BeginAsync();
        await AddAsync(100, 0, "source");
        await AddAsync(101, 0.5, "source", "audio");
        await WriteAsync(new SegmentRecorded("source", 102, Start.AddSeconds(1), 5_000_000, 0) { MissingTicks = 5_000_000 });
        await AddAsync(103, 1.5, "source", "audio");
        await WriteAsync(new RecordingClosed(Start));
        MediaPlaylistDocument audio = Parse(await Client.GetStringAsync($"{Base}/audio/playlist.m3u8"));
        Assert.Equal([true, false, true, false], audio.Segments.Select(segment => segment.IsGap));
        MediaPlaylistDocument source = Parse(await Client.GetStringAsync($"{Base}/source/playlist.m3u8"));
        Assert.Equal([false, false, true, false], source.Segments.Select(segment => segment.IsGap));
        Assert.Equal(HttpStatusCode.NotFound, (await Client.GetAsync($"{Base}/source/102.m4s")).StatusCode);
    }

    [Fact]
    public async Task Media_is_immutable_comes_in_ranges_and_for_any_page()
    {
        await BeginAsync();
        await AddAsync(100, 0, "source", "audio");
        byte[] whole = Bytes("source", "100.m4s");
        using HttpResponseMessage segment = await Client.GetAsync($"{Base}/source/100.m4s");
        Assert.Equal("max-age=3600, immutable", segment.Headers.CacheControl!.ToString());
        Assert.Equal("video/mp4", segment.Content.Headers.ContentType!.ToString());
        Assert.Equal("*", segment.Headers.GetValues("Access-Control-Allow-Origin").Single());
        Assert.Equal("audio/mp4", (await Client.GetAsync($"{Base}/audio/100.m4s")).Content.Headers.ContentType!.ToString());

        using var ask = new HttpRequestMessage(HttpMethod.Get, $"{Base}/source/100.m4s") { Headers = { Range = new RangeHeaderValue(10, 19) } };
        using HttpResponseMessage part = await Client.SendAsync(ask);
        Assert.Equal(HttpStatusCode.PartialContent, part.StatusCode);
        Assert.Equal($"bytes 10-19/{whole.Length}", part.Content.Headers.ContentRange!.ToString());
        Assert.Equal(whole[10..20], await part.Content.ReadAsByteArrayAsync());
        using var beyond = new HttpRequestMessage(HttpMethod.Get, $"{Base}/source/100.m4s") { Headers = { Range = new RangeHeaderValue(whole.Length, null) } };
        Assert.Equal(HttpStatusCode.RequestedRangeNotSatisfiable, (await Client.SendAsync(beyond)).StatusCode);

        using HttpResponseMessage head = await Client.SendAsync(new HttpRequestMessage(HttpMethod.Head, $"{Base}/source/100.m4s"));
        Assert.Equal(whole.Length, head.Content.Headers.ContentLength);
        using HttpResponseMessage preflight = await Client.SendAsync(new HttpRequestMessage(HttpMethod.Options, $"{Base}/source/100.m4s") { Headers = { { "Access-Control-Request-Headers", "baggage" } } });
        Assert.Contains("baggage", preflight.Headers.GetValues("Access-Control-Allow-Headers").Single(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NoContent, preflight.StatusCode);
        Assert.Equal("*", preflight.Headers.GetValues("Access-Control-Allow-Origin").Single());

        using var zipped = new HttpRequestMessage(HttpMethod.Get, $"{Base}/source/playlist.m3u8") { Headers = { AcceptEncoding = { new StringWithQualityHeaderValue("gzip") } } };
        using HttpResponseMessage playlist = await Client.SendAsync(zipped);
        Assert.Equal("gzip", playlist.Content.Headers.ContentEncoding.Single());
        Assert.Equal("application/vnd.apple.mpegurl", playlist.Content.Headers.ContentType!.ToString());
        Assert.True(playlist.Headers.CacheControl!.NoCache);
    }

    [Theory]
    [InlineData("/dvr/cam/none/playlist.m3u8"), InlineData("/dvr/cam/-bad-/playlist.m3u8"), InlineData("/dvr/none/20260101T120000000Z/source/playlist.m3u8")]
    [InlineData("/dvr/cam/20260101T120000000Z/none/playlist.m3u8"), InlineData("/dvr/cam/20260101T120000000Z/source/99.m4s"), InlineData("/dvr/cam/20260101T120000000Z/source/0100.m4s")]
    [InlineData("/dvr/cam/20260101T120000000Z/source/init-none.mp4"), InlineData("/dvr/cam/20260101T120000000Z/source/..%2Findex.jsonl"), InlineData("/dvr/cam/20260101T120000000Z/source/x")]
    [InlineData("/dvr/cam/20260101T120000000Z/index.jsonl"), InlineData("/dvr/cam"), InlineData("/dvr/%2e%2e/%2e%2e/source/100.m4s")]
    public async Task What_is_not_there_is_said_to_be_missing(string path)
    {
        await BeginAsync();
        await AddAsync(100, 0, "source", "audio");
        using HttpResponseMessage answer = await Client.GetAsync(path);
        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        JsonNode body = (await answer.Content.ReadFromJsonAsync<JsonNode>())!;
        Assert.Equal("not_found", (string?)body["error"]);
        Assert.NotEmpty((string)body["message"]!);
    }

    [Fact]
    public async Task A_recording_without_media_is_asked_for_again_later_and_a_deleted_one_is_gone()
    {
        await WriteAsync(new RecordingOpened(Start, "n"));
        using HttpResponseMessage empty = await Client.GetAsync($"{Base}/playlist.m3u8");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, empty.StatusCode);
        await _archive.DeleteAsync(Key, default);
        _time.Advance(TimeSpan.FromSeconds(11));
        using HttpResponseMessage gone = await Client.GetAsync($"{Base}/playlist.m3u8");
        Assert.Equal(HttpStatusCode.NotFound, gone.StatusCode);
    }

    private async Task BeginAsync()
    {
        await WriteAsync(new RecordingOpened(Start, "n"), new InitRecorded("source", "init-a.mp4", 700, IsVideo: true, 1, Video), new InitRecorded("audio", "init-b.mp4", 600, IsVideo: false, 1, Audio));
        await _archive.PutAsync(Key, "source/init-a.mp4", Bytes("source", "init-a.mp4"), default);
        await _archive.PutAsync(Key, "audio/init-b.mp4", Bytes("audio", "init-b.mp4"), default);
    }

    private Task AddAsync(long msn, double seconds, params string[] renditions) => AddAsync(msn, seconds, discontinuity: false, renditions);

    private async Task AddAsync(long msn, double seconds, bool discontinuity, params string[] renditions)
    {
        foreach (string rendition in renditions)
        {
            byte[] bytes = Bytes(rendition, $"{msn}.m4s");
            await _archive.PutAsync(Key, $"{rendition}/{msn}.m4s", bytes, default);
            await WriteAsync(new SegmentRecorded(rendition, msn, Start.AddSeconds(seconds), 5_000_000, bytes.Length) { IsIndependent = true, StartsDiscontinuity = discontinuity });
        }
    }

    private async Task WriteAsync(params RecordingEntry[] entries)
    {
        ReadOnlyMemory<byte> lines = RecordingIndexCodec.Write(entries, isTorn: false);
        Assert.True(await _archive.AppendIndexAsync(Key, _position, lines, default));
        _position += lines.Length;
    }

    private static byte[] Bytes(string rendition, string file)
    {
        byte[] bytes = new byte[file.StartsWith("init-a", StringComparison.Ordinal) ? 700 : file.StartsWith("init-b", StringComparison.Ordinal) ? 600 : 1000 + file.Length];
        new Random(Encoding.ASCII.GetBytes(rendition + file).Sum(value => value)).NextBytes(bytes);
        return bytes;
    }

    private static MediaPlaylistDocument Parse(string text)
    {
        Assert.True(MediaPlaylistParser.TryParse(text, out MediaPlaylistDocument? playlist, out string? error), error);
        return playlist;
    }
}
