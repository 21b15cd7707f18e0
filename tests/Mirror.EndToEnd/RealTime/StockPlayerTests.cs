using System.Text.Json;
using Microsoft.Playwright;
using Mirror.EndToEnd.Browser;

namespace Mirror.EndToEnd.RealTime;

/// <summary>Players of others at their defaults, on a page without any code of Mirror's, with the parts of 100 ms that Mirror ships with.</summary>
[Trait(TestRuns.Trait, TestRuns.RealTime)]
public sealed class StockPlayerTests(ITestOutputHelper output)
{
    private const string Stream = "studio";
    private static readonly TimeSpan TimeToSettle = TimeSpan.FromSeconds(5);
    private const int ShortWatch = 20;

    [Theory]
    [InlineData("hls.js", ShortWatch)]
    [InlineData("video.js", ShortWatch / 2)]
    public async Task A_player_at_its_defaults_plays_without_a_stall(string player, int seconds)
    {
        var watched = TimeSpan.FromSeconds(TestRuns.IsFull ? 300 : seconds);
        var limits = new RealTimeLimits(output);
        await using MirrorServer server = await MirrorServer.StartAsShippedAsync();
        await using StockPlayerPage site = await StockPlayerPage.StartAsync();
        await using ChromiumBrowser browser = await ChromiumBrowser.StartAsync();
        await using Tool encoder = PlayerTests.Push(server, Stream);
        await server.WaitForPlaylistAsync(Stream);
        IPage page = await browser.OpenAsync(site.For(player, new Uri(server.Https, $"live/{Stream}/playlist.m3u8")));
        await page.WaitForFunctionAsync("() => seen.playing");
        await Task.Delay(TimeToSettle);
        await page.EvaluateAsync("() => begin()");
        await Task.Delay(watched);

        Seen seen = JsonSerializer.Deserialize<Seen>(await page.EvaluateAsync<string>("() => JSON.stringify(seen)"), JsonSerializerOptions.Web)!;
        double[] latencies = [.. seen.Latencies.Order()];
        output.WriteLine($"{seen.Stalls.Length} stalls and {seen.Holes.Length} holes in {watched.TotalSeconds} s {string.Join(", ", seen.Holes)}");
        if (latencies.Length > 0) { output.WriteLine($"latency: p50 {latencies[latencies.Length / 2]:F3} s, highest {latencies[^1]:F3} s"); }

        Assert.Empty(seen.Errors);
        Assert.Empty(seen.Holes);                            // media that was listed and never loaded: no pause of the machine explains that
        limits.StallsAreExplained($"stock {player}", [.. seen.Stalls.Select(stall => DateTime.UnixEpoch.AddMilliseconds(stall))]);
    }

    private sealed record Seen(double[] Stalls, string[] Holes, double[] Latencies, string[] Errors);
}
