using System.Text.Json;
using Microsoft.Playwright;
using Mirror.EndToEnd.Browser;

namespace Mirror.EndToEnd.RealTime;

/// <summary>The player page in a real browser in real time, with a real encoder behind it.</summary>
[Trait(TestRuns.Trait, TestRuns.RealTime)]
public sealed class PlaybackTests(ITestOutputHelper output)
{
    private const string Stream = "studio";
    private const int SecondsToSettle = 5;                   // Chromium's own start takes both cores of a small machine
    private static readonly int SecondsWatched = TestRuns.IsFull ? 300 : 20;
    private static readonly TimeSpan HighestLatency = TimeSpan.FromSeconds(2);     // of any shipped configuration

    [Fact]
    public async Task The_player_plays_without_a_stall_near_the_live_edge()
    {
        var limits = new RealTimeLimits(output);
        await using MirrorServer server = await MirrorServer.StartAsShippedAsync();
        await using ChromiumBrowser browser = await ChromiumBrowser.StartAsync();
        await using Tool encoder = PlayerTests.Push(server, Stream);
        await server.WaitForPlaylistAsync(Stream);
        IPage page = await browser.OpenAsync(new Uri(server.Https, $"watch/{Stream}"));
        await page.WaitForFunctionAsync("() => window.mirrorPlayer?.state === 'playing'");
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
            null, new PageWaitForFunctionOptions { Timeout = 4 * SecondsWatched * 1000 });

        Figures figures = await FiguresAsync(page);
        double[] latencies = [.. (await page.EvaluateAsync<double?[]>("() => window.seen.map(({ latency }) => latency)")).OfType<double>().Order()];
        double[] buffers = [.. (await page.EvaluateAsync<double[]>("() => window.seen.map(({ buffer }) => buffer)")).Order()];
        double[] stalls = await page.EvaluateAsync<double[]>("() => window.seen.flatMap(({ stalls, time }, index) => index > 0 && stalls > window.seen[index - 1].stalls ? [performance.timeOrigin + time] : [])");
        output.WriteLine($"{stalls.Length} stalls in {SecondsWatched} s; latency from ingest to screen: p50 {At(latencies, 0.5):F3} s, p95 {At(latencies, 0.95):F3} s, at the end {figures.Latency:F3} s");
        output.WriteLine($"buffer: least {At(buffers, 0):F3} s, p50 {At(buffers, 0.5):F3} s; target {figures.Target:F3} s; rate at the end {figures.Rate:F2}");
        if (stalls.Length > 0)
        {
            output.WriteLine(await page.EvaluateAsync<string>(AroundStalls));
        }
        output.WriteLine($"stalls while the browser started {figures.Stalls - stalls.Length}, frames {figures.TotalFrames}, dropped {figures.DroppedFrames}");

        limits.StallsAreExplained("player", [.. stalls.Select(stall => DateTime.UnixEpoch.AddMilliseconds(stall))]);
        limits.AtMost("p95 of the player's latency", TimeSpan.FromSeconds(At(latencies, 0.95)), HighestLatency);
        Assert.True(figures.TotalFrames >= SecondsWatched * 30 * 0.9, $"{figures.TotalFrames} frames were shown");
        Assert.Empty(browser.Errors);
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
