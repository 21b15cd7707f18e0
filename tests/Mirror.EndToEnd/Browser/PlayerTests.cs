using System.Text.RegularExpressions;
using Microsoft.Playwright;

namespace Mirror.EndToEnd.Browser;

/// <summary>The web pages in a real browser, with a real encoder behind them.</summary>
public sealed class PlayerTests : IAsyncLifetime
{
    private const string Stream = "studio";
    private const float Patience = 120_000;                  // milliseconds

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
    public async Task The_player_waits_for_its_stream_and_says_when_it_ends()
    {
        IPage page = await _browser.OpenAsync(new Uri(_server.Https, $"watch/{Stream}"));
        await WaitForStateAsync(page, "waiting");
        await Assertions.Expect(page.GetByText($"“{Stream}” is not live")).ToBeVisibleAsync();

        await using (Tool encoder = Push())
        {
            await WaitForStateAsync(page, "playing");
            await Assertions.Expect(page.Locator("#cover")).ToBeHiddenAsync();
        }
        await _server.StopStreamAsync(Stream);
        await WaitForStateAsync(page, "ended");
        await Assertions.Expect(page.GetByText("The stream has ended")).ToBeVisibleAsync();

        await using Tool again = Push();
        await WaitForStateAsync(page, "playing");
        Assert.Empty(_browser.Errors);
    }

    [Fact]
    public async Task Sound_comes_with_a_click_and_keys_work()
    {
        await using Tool encoder = Push();
        await _server.WaitForPlaylistAsync(Stream);
        // Whatever Playwright runs in a page counts as a click: not before the player has tried to play, which it does before it asks for media.
        Task<IRequest>? media = null;
        IPage page = await _browser.OpenAsync(new Uri(_server.Https, $"watch/{Stream}"), prepare: page =>
        {
            media = page.WaitForRequestAsync(request => request.Url.EndsWith(".m4s", StringComparison.Ordinal));
            return Task.CompletedTask;
        });
        await media!;
        await WaitForStateAsync(page, "playing");
        await Assertions.Expect(page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Turn on sound" })).ToBeVisibleAsync();

        await page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Turn on sound" }).ClickAsync();
        Assert.False(await page.EvaluateAsync<bool>("() => document.querySelector('video').muted"));
        await page.Keyboard.PressAsync("m");
        Assert.True(await page.EvaluateAsync<bool>("() => document.querySelector('video').muted"));
        await page.Keyboard.PressAsync("k");
        await WaitForStateAsync(page, "paused");
        await page.Keyboard.PressAsync("k");
        await WaitForStateAsync(page, "playing");
    }

    [Fact]
    public async Task The_start_page_lists_the_stream_while_it_lives()
    {
        IPage page = await _browser.OpenAsync(_server.Https);
        await Assertions.Expect(page.Locator("#push-url")).ToHaveTextAsync($"srt://localhost:{_server.SrtPort}?streamid=studio");

        await using (Tool encoder = Push())
        {
            ILocator card = page.Locator(".card", new PageLocatorOptions { HasText = Stream });
            await Assertions.Expect(card).ToContainTextAsync(new Regex("640 × 360 · H.264 · AAC · [23][0-9] fps"), new LocatorAssertionsToContainTextOptions { Timeout = Patience });
            await Assertions.Expect(card.Locator(".badge")).ToHaveTextAsync("live", new LocatorAssertionsToHaveTextOptions { IgnoreCase = true });
            await card.GetByRole(AriaRole.Link).ClickAsync();
            await WaitForStateAsync(page, "playing");
            await page.GoBackAsync();
        }
        await _server.StopStreamAsync(Stream);
        await Assertions.Expect(page.Locator(".card")).ToHaveCountAsync(0, new LocatorAssertionsToHaveCountOptions { Timeout = Patience });
        Assert.Empty(_browser.Errors);
    }

    private Tool Push() => Push(_server, Stream);

    /// <summary>Small video: software decodes and draws it on the machine that encodes it.</summary>
    internal static Tool Push(MirrorServer server, string stream) => Tool.Start("ffmpeg",
        "-v error -re -f lavfi -i testsrc2=size=640x360:rate=30 -re -f lavfi -i sine=frequency=440:sample_rate=48000 "
        + "-c:v libx264 -preset ultrafast -tune zerolatency -g 15 -keyint_min 15 -sc_threshold 0 -b:v 800k -pix_fmt yuv420p -c:a aac -b:a 96k -ac 2 "
        + "-f mpegts -muxdelay 0 -muxpreload 0 -flush_packets 1",
        server.SrtUrl(stream));

    private static Task<IJSHandle> WaitForStateAsync(IPage page, string state)
        => page.WaitForFunctionAsync("state => window.mirrorPlayer?.state === state", state, new PageWaitForFunctionOptions { Timeout = Patience });
}
