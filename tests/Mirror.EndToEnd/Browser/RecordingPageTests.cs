using Microsoft.Playwright;
using Mirror.EndToEnd.Media;

namespace Mirror.EndToEnd.Browser;

/// <summary>Recordings in a real browser: the start page lists them, the player plays them from end to end.</summary>
public sealed class RecordingPageTests : IAsyncLifetime
{
    private MirrorServer _server = null!;
    private ChromiumBrowser _browser = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await MirrorServer.StartAsync("--dvr.enabled", "true", "--transcode.enabled", "false");
        _browser = await ChromiumBrowser.StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _browser.DisposeAsync();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task A_recording_is_listed_and_plays_from_its_beginning_to_its_end()
    {
        string file = await (new TestMedia("libx264", "30", 0.5, 0) { Seconds = 4, Size = "640x360" }).MakeAsync();
        await using (Tool push = Tool.Start("ffmpeg", $"-v error -re -i {file} -map 0 -c copy -f mpegts", _server.SrtUrl("studio"))) { await push.ExitAsync(); }
        await _server.StopStreamAsync("studio");
        await Eventually.TrueAsync(async () => (int?)(await _server.GetJsonAsync("api/v1/recordings?status=complete"))?["count"] == 1, "the recording is complete");

        IPage page = await _browser.OpenAsync(_server.Https);
        ILocator row = page.Locator("#r-list li");
        await Assertions.Expect(row).ToHaveCountAsync(1);
        await Assertions.Expect(row).ToContainTextAsync("studio");
        await Assertions.Expect(row).ToContainTextAsync("3 s");
        await Assertions.Expect(row.Locator(".badge")).ToBeHiddenAsync();

        await row.ClickAsync();
        await page.WaitForFunctionAsync("() => window.mirrorPlayer?.state === 'playing' && document.querySelector('video').currentTime > 1");
        Assert.True(await page.EvaluateAsync<double>("() => document.querySelector('video').buffered.start(0)") < 0.2);
        await Assertions.Expect(page.Locator("#latency")).ToContainTextAsync("/ 0:03");
        await Assertions.Expect(page.Locator("#live")).ToBeHiddenAsync();
        await page.WaitForFunctionAsync("() => window.mirrorPlayer.state === 'ended'");
        await Assertions.Expect(page.GetByText("The recording has ended")).ToBeVisibleAsync();

        await page.GetByText("Play again").ClickAsync();
        await page.WaitForFunctionAsync("() => window.mirrorPlayer.state === 'playing' && document.querySelector('video').currentTime < 2");
        Assert.Empty(_browser.Errors);
    }

    [Fact]
    public async Task A_recording_that_is_not_there_is_said_to_be_missing()
    {
        IPage page = await _browser.OpenAsync(new Uri(_server.Https, "watch/studio?recording=none"));
        await Assertions.Expect(page.GetByText("There is no such recording")).ToBeVisibleAsync();
        Assert.Empty(_browser.Errors);
    }
}
