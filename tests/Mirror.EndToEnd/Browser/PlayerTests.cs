using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.Playwright;

namespace Mirror.EndToEnd.Browser;

/// <summary>The web pages in a real browser, with a real encoder behind them.</summary>
public sealed class PlayerTests(ITestOutputHelper output) : IAsyncLifetime
{
    private const string Stream = "studio";
    private const int SecondsToSettle = 5;                                                // Chromium's own start takes both cores of a small machine
    private const int SecondsWatched = 60;
    private const float Patience = 30_000;                                                // milliseconds
    private static readonly TimeSpan HighestLatency = TimeSpan.FromSeconds(2);            // of any shipped configuration

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
    public async Task The_player_plays_a_minute_without_a_stall_near_the_live_edge()
    {
        await using Tool encoder = Push();
        await _server.WaitForPlaylistAsync(Stream);
        IPage page = await _browser.OpenAsync(new Uri(_server.Https, $"watch/{Stream}"));
        await WaitForStateAsync(page, "playing");
        await page.EvaluateAsync($$"""
            () => {
              window.seen = [];
              const start = performance.now() + {{SecondsToSettle}} * 1000;
              setInterval(() => {
                const { latency, edge, buffer, stalls, rate, rendition } = window.mirrorPlayer;
                if (performance.now() >= start) { window.seen.push({ latency, edge, buffer, stalls, rate, rendition, time: performance.now() }); }
              }, 100);
              performance.setResourceTimingBufferSize(10_000);
            }
            """);
        await page.WaitForFunctionAsync($"() => window.seen.length > 1 && window.seen.at(-1).time - window.seen[0].time >= {SecondsWatched} * 1000",
            null, new PageWaitForFunctionOptions { Timeout = 2 * SecondsWatched * 1000 });

        Figures figures = await FiguresAsync(page);
        double[] latencies = [.. (await page.EvaluateAsync<double?[]>("() => window.seen.map(({ latency }) => latency)")).OfType<double>().Order()];
        double[] buffers = [.. (await page.EvaluateAsync<double[]>("() => window.seen.map(({ buffer }) => buffer)")).Order()];
        int stalls = await page.EvaluateAsync<int>("() => window.seen.at(-1).stalls - window.seen[0].stalls");
        output.WriteLine($"{stalls} stalls in {SecondsWatched} s; latency from ingest to screen: p50 {At(latencies, 0.5):F3} s, p95 {At(latencies, 0.95):F3} s, at the end {figures.Latency:F3} s");
        output.WriteLine($"buffer: least {At(buffers, 0):F3} s, p50 {At(buffers, 0.5):F3} s; target {figures.Target:F3} s; rate at the end {figures.Rate:F2}");
        if (stalls > 0)
        {
            output.WriteLine(await page.EvaluateAsync<string>(AroundStalls));
        }
        output.WriteLine($"stalls while the browser started {figures.Stalls - stalls}, frames {figures.TotalFrames}, dropped {figures.DroppedFrames}");

        Assert.Equal(0, stalls);
        Assert.True(At(latencies, 0.95) < HighestLatency.TotalSeconds, $"p95 of the latency is {At(latencies, 0.95):F3} s");
        Assert.True(figures.TotalFrames >= SecondsWatched * 30 * 0.9, $"{figures.TotalFrames} frames were shown");
        Assert.Empty(_browser.Errors);
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
        IPage page = await _browser.OpenAsync(new Uri(_server.Https, $"watch/{Stream}"));
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

    /// <summary>What the player saw, and what it asked for, in the seconds around each stall: the cause must be readable where it happened once.</summary>
    private const string AroundStalls = """
        () => {
          const { seen } = window;
          const number = (value, digits) => value === null || value === undefined ? '-' : value.toFixed(digits);
          const times = seen.flatMap(({ stalls, time }, index) => index > 0 && stalls > seen[index - 1].stalls ? [time] : []);
          const isNear = (from, to) => times.some((time) => from < time + 1500 && to > time - 2500);
          const lines = [
            ...seen.filter(({ time }) => isNear(time, time)).map(({ time, latency, edge, buffer, stalls, rate, rendition }) => [time,
              `latency ${number(latency, 3)} edge ${number(edge, 3)} buffer ${number(buffer, 3)} rate ${number(rate, 2)} stalls ${stalls} ${rendition}`]),
            ...performance.getEntriesByType('resource').filter(({ startTime, responseEnd }) => isNear(startTime, responseEnd)).map(({ name, startTime, responseStart, responseEnd, transferSize }) => [responseEnd,
              `    ${new URL(name).pathname.split('/').slice(3).join('/')}${new URL(name).search} asked ${number(startTime, 0)} first byte ${number(responseStart, 0)} ${transferSize} bytes`]),
          ];
          return lines.sort(([one], [other]) => one - other).map(([time, text]) => `${number(time, 0)} ${text}`).join('\n');
        }
        """;

    /// <summary>A small picture: software decodes and draws it on the machine that encodes it.</summary>
    private Tool Push() => Tool.Start("ffmpeg",
        "-v error -re -f lavfi -i testsrc2=size=640x360:rate=30 -re -f lavfi -i sine=frequency=440:sample_rate=48000 "
        + "-c:v libx264 -preset ultrafast -tune zerolatency -g 15 -keyint_min 15 -sc_threshold 0 -b:v 800k -pix_fmt yuv420p -c:a aac -b:a 96k -ac 2 "
        + "-f mpegts -muxdelay 0 -muxpreload 0 -flush_packets 1",
        _server.SrtUrl(Stream));

    private static Task<IJSHandle> WaitForStateAsync(IPage page, string state)
        => page.WaitForFunctionAsync("state => window.mirrorPlayer?.state === state", state, new PageWaitForFunctionOptions { Timeout = Patience });

    private static async Task<Figures> FiguresAsync(IPage page)
        => JsonSerializer.Deserialize<Figures>(await page.EvaluateAsync<string>("""
            () => {
              const { latency, target, rate, stalls, droppedFrames, totalFrames } = window.mirrorPlayer;
              return JSON.stringify({ latency, target, rate, stalls, droppedFrames, totalFrames });
            }
            """), JsonSerializerOptions.Web)!;

    private static double At(double[] sorted, double quantile) => sorted.Length == 0 ? double.NaN : sorted[(int)(quantile * (sorted.Length - 1))];

    private sealed record Figures(double? Latency, double? Target, double Rate, int Stalls, int DroppedFrames, int TotalFrames);
}
