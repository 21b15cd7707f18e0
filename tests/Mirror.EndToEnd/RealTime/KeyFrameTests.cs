using Microsoft.Playwright;
using Mirror.EndToEnd.Browser;
using Mirror.EndToEnd.Cases;

namespace Mirror.EndToEnd.RealTime;

/// <summary>Streams whose encoder places key frames where it likes, up to ten seconds apart (B09): a browser joins at once, and changes to the source when it can.</summary>
[Trait(TestRuns.Trait, TestRuns.RealTime)]
public sealed class KeyFrameTests(ITestOutputHelper output)
{
    private static readonly TimeSpan LongestStart = TimeSpan.FromSeconds(4);
    private static readonly TimeSpan ColdStart = TimeSpan.FromSeconds(1);        // of a server and a browser that have just started
    private static readonly TimeSpan LongestStall = TimeSpan.FromSeconds(0.5);
    private static readonly TimeSpan LongestGop = TimeSpan.FromSeconds(10);

    [Fact]
    public async Task Viewers_join_at_once_and_see_the_source_after_its_next_key_frame()
    {
        using CaseEdit file = await CaseEdit.EncodeAsync("-f lavfi -i testsrc2=s=960x540:r=25 -f lavfi -i sine=r=48000 -t 36 -c:v libx264 -preset superfast -b:v 1500k -pix_fmt yuv420p -c:a aac");
        var limits = new RealTimeLimits(output);
        await using MirrorServer server = await MirrorServer.StartAsShippedAsync();
        await using ChromiumBrowser browser = await ChromiumBrowser.StartAsync();
        await using CasePush push = CasePush.Start(server, file.Case, "cam");
        await server.WaitForPlaylistAsync("cam");
        for (int viewer = 0; viewer < 2; viewer++)
        {
            // In the middle of two groups of pictures.
            await Task.Delay(TimeSpan.FromSeconds(viewer == 0 ? 4 : 2));
            await JoinAsync(limits, server, browser, output, LongestStart + (viewer == 0 ? ColdStart : TimeSpan.Zero));
        }
    }

    private static async Task JoinAsync(RealTimeLimits limits, MirrorServer server, ChromiumBrowser browser, ITestOutputHelper output, TimeSpan longestStart)
    {
        IPage page = await browser.OpenAsync(new Uri(server.Https, "watch/cam"));
        double start = await PageWatch.UntilPlayingAsync(page);
        limits.AtMost("key frames 10 s apart: from the request of the page to playing", TimeSpan.FromSeconds(start), longestStart);
        await PageWatch.NoteStallsAsync(page);
        double shown = await page.EvaluateAsync<double>("""
            () => new Promise(resolve => {
              const began = performance.now();
              const look = () => window.mirrorPlayer.rendition === 'source' || performance.now() - began > 20_000 ? resolve((performance.now() - began) / 1000) : setTimeout(look, 50);
              look();
            })
            """);
        await Task.Delay(TimeSpan.FromSeconds(2));
        limits.AtMost("key frames 10 s apart: until the source is shown", TimeSpan.FromSeconds(shown), LongestGop + TimeSpan.FromSeconds(2));
        // What was loaded of the other rendition is loaded again: one short pause, where little was buffered.
        double stalled = await page.EvaluateAsync<double>("() => window.mirrorPlayer.stalledSeconds");
        DateTime[] stalls = await PageWatch.StallsAsync(page, output);
        limits.AtMost($"key frames 10 s apart: {stalls.Length} stalls, of together", TimeSpan.FromSeconds(stalled), LongestStall);
        Assert.InRange(stalls.Length, 0, 1);
        await page.CloseAsync();
    }
}
