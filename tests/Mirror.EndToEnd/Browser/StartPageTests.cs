using System.Text.Json;
using Microsoft.Playwright;

namespace Mirror.EndToEnd.Browser;

/// <summary>The start page with a transcoder and its streams, as the API tells of them.</summary>
public sealed class StartPageTests : IAsyncLifetime
{
    private const string Reason = "360p is being restarted.";
    private MirrorServer _server = null!;
    private ChromiumBrowser _browser = null!;
    private byte[] _jpeg = [];

    public async ValueTask InitializeAsync()
    {
        _server = await MirrorServer.StartAsync();
        _browser = await ChromiumBrowser.StartAsync();
        string file = Path.Combine(Directory.CreateTempSubdirectory("mirror-picture-").FullName, "picture.jpg");
        await Tool.RunAsync("ffmpeg", $"-v error -f lavfi -i testsrc2=size=480x270 -frames:v 1 {file}");
        _jpeg = await File.ReadAllBytesAsync(file);
        Directory.Delete(Path.GetDirectoryName(file)!, recursive: true);
    }

    public async ValueTask DisposeAsync()
    {
        await _browser.DisposeAsync();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task A_card_shows_a_picture_the_ladder_and_why_it_is_degraded()
    {
        IPage page = await OpenAsync(hasTranscoder: true, streams: 1);
        ILocator card = page.Locator(".card").First;
        await Assertions.Expect(card.Locator(".badge")).ToHaveTextAsync("degraded");
        await Assertions.Expect(card.Locator(".badge")).ToHaveAttributeAsync("title", Reason);
        await Assertions.Expect(card.Locator(".chip")).ToHaveTextAsync(["720p", "360p"]);
        await Assertions.Expect(card.Locator(".chip.down")).ToHaveTextAsync(["360p"]);
        await Assertions.Expect(card.Locator("img")).ToBeVisibleAsync();
        Assert.Equal(480, await card.Locator("img").EvaluateAsync<int>("picture => picture.naturalWidth"));
        await Assertions.Expect(page.Locator("#summary")).ToContainTextAsync("1 live");

        ILocator transcoder = page.Locator("#transcoder");
        await Assertions.Expect(transcoder).ToContainTextAsync("CPU and a GPU");
        await Assertions.Expect(transcoder).ToContainTextAsync("1.5 of 2 cores · 1 stream");
        await Assertions.Expect(transcoder).ToContainTextAsync("libx264, h264_nvenc");
        Assert.Empty(_browser.Errors);
    }

    [Fact]
    public async Task Only_pictures_in_sight_are_asked_for()
    {
        var asked = new HashSet<string>();
        IPage page = await OpenAsync(hasTranscoder: true, streams: 60, asked);
        await Assertions.Expect(page.Locator(".card img").First).ToBeVisibleAsync();
        lock (asked) { Assert.InRange(asked.Count, 1, 30); }
        await page.Locator(".card").Last.ScrollIntoViewIfNeededAsync();
        await Assertions.Expect(page.Locator(".card img").Last).ToBeVisibleAsync();
    }

    [Fact]
    public async Task Without_a_transcoder_nothing_is_asked_of_it()
    {
        var asked = new HashSet<string>();
        IPage page = await OpenAsync(hasTranscoder: false, streams: 1, asked);
        await Assertions.Expect(page.Locator(".card")).ToHaveCountAsync(1);
        await Assertions.Expect(page.Locator("#transcoder")).ToBeHiddenAsync();
        await page.WaitForResponseAsync("**/api/v1/streams");      // one more round
        await page.WaitForResponseAsync("**/api/v1/streams");
        lock (asked) { Assert.Empty(asked); }
        await Assertions.Expect(page.Locator(".card img")).ToBeHiddenAsync();
    }

    private async Task<IPage> OpenAsync(bool hasTranscoder, int streams, HashSet<string>? picturesAsked = null)
    {
        object[] list = [.. Enumerable.Range(0, streams).Select(i => new
        {
            id = $"studio{i:D2}", type = "srt", source_addr = "192.0.2.1:4000", status = "degraded", status_reason = Reason, created_at = DateTime.UtcNow, last_heartbeat = DateTime.UtcNow,
            video_codec = "avc1.640028", resolution = "1920x1080", bitrate = 5_000_000, frame_rate = 25,
            transcode = new
            {
                degraded = true, reason = Reason, restarts = 1, frames_dropped = 0, latency_ms = 30,
                renditions = new object[] { Rendition("720p", "1280x720", up: true), Rendition("360p", "640x360", up: false) },
            },
        })];
        var capabilities = new
        {
            is_available = true,
            libavcodec_version = "59.37.100",
            encoders = new[] { "libx264" },
            cores = 2,
            cores_in_use = 1.5,
            streams = 1,
            gpus = new[] { new { index = 0, decoders = new[] { "h264" }, encoders = new[] { "h264_nvenc" }, sessions_in_use = 2 } },
        };
        return await _browser.OpenAsync(_server.Https, async page =>
        {
            await page.RouteAsync("**/api/v1/streams", route => route.FulfillAsync(Json(new { streams = list, count = streams, time = DateTime.UtcNow })));
            if (hasTranscoder) { await page.RouteAsync("**/api/v1/transcoder/capabilities", route => route.FulfillAsync(Json(capabilities))); }
            else { await page.RouteAsync("**/api/v1/transcoder/capabilities", route => route.FulfillAsync(new RouteFulfillOptions { Status = 503 })); }
            await page.RouteAsync("**/iframe?*", route =>
            {
                if (picturesAsked is not null) { lock (picturesAsked) { picturesAsked.Add(new Uri(route.Request.Url).AbsolutePath); } }
                return route.FulfillAsync(new RouteFulfillOptions { ContentType = "image/jpeg", BodyBytes = _jpeg });
            });
        });
    }

    private static object Rendition(string name, string resolution, bool up) => new { name, codec = "h264", resolution, bitrate = 1_000_000, frames_encoded = 100, up };

    private static RouteFulfillOptions Json(object body) => new() { ContentType = "application/json", Body = JsonSerializer.Serialize(body) };
}
