using Microsoft.Playwright;
using Mirror.EndToEnd.Cases;
using Mirror.EndToEnd.Media;
using Mirror.EndToEnd.Srt;

namespace Mirror.EndToEnd.Browser;

/// <summary>The pages say why a stream is not shown as it should be.</summary>
public sealed class ReasonTests : IAsyncLifetime
{
    private const string Silent = "The publisher is connected but sends nothing.";
    private MirrorServer _server = null!;
    private ChromiumBrowser _browser = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await MirrorServer.StartAsync();
        _browser = await ChromiumBrowser.StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _browser.DisposeAsync();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task A_publisher_that_never_sends_is_told_on_both_pages()
    {
        using SrtCaller? caller = SrtCaller.TryConnect(_server.SrtPort, "cam");
        await ExpectCardAsync("silent", Silent);
        IPage player = await _browser.OpenAsync(new Uri(_server.Http, "watch/cam"));
        await Assertions.Expect(player.Locator("#cover-text")).ToContainTextAsync(Silent);
        await ShootAsync(player, "silent-player");
    }

    [Fact]
    public async Task A_stream_that_stops_arriving_is_told_while_the_player_waits()
    {
        TestMedia media = new("libx264", "25", 0.5, 0) { Seconds = 60, Size = "640x360", VideoMore = "-muxrate 3M" };
        CaseFile file = CaseFile.Of(await File.ReadAllBytesAsync(await media.MakeAsync()), 3_000_000);
        await using CasePush push = CasePush.Start(_server, file, "cam");
        IPage player = await _browser.OpenAsync(new Uri(_server.Http, "watch/cam"));
        await Assertions.Expect(player.Locator("#player[data-state=playing]")).ToBeVisibleAsync();
        push.Hold();
        await Assertions.Expect(player.Locator("#cover-text")).ToContainTextAsync(Silent);
        await ShootAsync(player, "paused-player");
    }

    [Theory]
    [InlineData("video", "-map 0:v", "No audio arrives.")]
    [InlineData("audio", "-map 0:a", "Audio only: no video arrives.")]
    public async Task A_missing_track_is_told(string name, string map, string reason)
    {
        string file = await (new TestMedia("libx264", "25", 0.5, 0) { Seconds = 60, Size = "640x360" }).MakeAsync();
        await using Tool push = Tool.Start("ffmpeg", $"-v error -re -i {file} {map} -c copy -f mpegts", _server.SrtUrl("cam"));
        await ExpectCardAsync($"only-{name}", reason);
        IPage player = await _browser.OpenAsync(new Uri(_server.Http, "watch/cam"));
        await Assertions.Expect(player.Locator("#notice")).ToHaveTextAsync(reason);
        await ShootAsync(player, $"only-{name}-player");
    }

    [Fact]
    public async Task A_stream_that_the_browser_cannot_decode_is_told_with_its_codecs()
    {
        IPage player = await _browser.OpenAsync(new Uri(_server.Http, "watch/cam"), page => page.RouteAsync("**/live/cam/playlist.m3u8", route => route.FulfillAsync(new RouteFulfillOptions
        {
            ContentType = "application/vnd.apple.mpegurl",
            Body = "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1000000,CODECS=\"mp4v.61\"\nsource/playlist.m3u8\n",
        })));
        await Assertions.Expect(player.Locator("#cover-title")).ToHaveTextAsync("Playback is not possible");
        await Assertions.Expect(player.Locator("#cover-text")).ToContainTextAsync("This browser cannot decode MPEG-2.");
        await ShootAsync(player, "undecodable-player");
    }

    private async Task ExpectCardAsync(string name, string reason)
    {
        IPage page = await _browser.OpenAsync(_server.Http);
        await Assertions.Expect(page.Locator(".card .reason")).ToHaveTextAsync(reason);
        await ShootAsync(page, $"{name}-card");
    }

    /// <summary>A picture to look at, where <c>SCREENSHOTS</c> names a folder.</summary>
    private static async Task ShootAsync(IPage page, string name)
    {
        if (Environment.GetEnvironmentVariable("SCREENSHOTS") is { Length: > 0 } folder) { await page.ScreenshotAsync(new PageScreenshotOptions { Path = Path.Combine(folder, name + ".png") }); }
    }
}
