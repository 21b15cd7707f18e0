using Microsoft.Playwright;
using Mirror.EndToEnd.Browser;
using Mirror.EndToEnd.Cases;

namespace Mirror.EndToEnd.RealTime;

/// <summary>A browser plays streams whose sound is late, bundled, or away for a while.</summary>
[Trait(TestRuns.Trait, TestRuns.RealTime)]
public sealed class TrackPlaybackTests(ITestOutputHelper output)
{
    private static readonly TimeSpan LongestStart = TimeSpan.FromSeconds(4);

    /// <summary>The parts that are on their way, sound that is half a second behind the picture, and a busy machine; a playhead taken for another is 2 s off.</summary>
    private static readonly TimeSpan LargestLead = TimeSpan.FromSeconds(1.6);

    [Theory]
    [InlineData("B03-0.5.ts", "")]
    [InlineData("B10.ts", "")]
    [InlineData("B10.ts", "delay-pid --pid audio --by 2.5")]
    [InlineData("B04.ts", "")]
    public async Task The_player_starts_and_does_not_stall(string name, string edit)
    {
        var limits = new RealTimeLimits(output);
        using CaseEdit file = await CaseEdit.MakeAsync(name, edit);
        await using MirrorServer server = await MirrorServer.StartAsShippedAsync();
        await using ChromiumBrowser browser = await ChromiumBrowser.StartAsync();
        await using CasePush push = CasePush.Start(server, file.Case, "cam");
        await server.WaitForPlaylistAsync("cam");
        IPage page = await browser.OpenAsync(new Uri(server.Https, "watch/cam"));
        double start = await PageWatch.UntilPlayingAsync(page);
        limits.AtMost($"{name} {edit}: from the request of the page to playing", TimeSpan.FromSeconds(start), LongestStart);
        await PageWatch.NoteStallsAsync(page);
        await Task.WhenAny(push.Sent, Task.Delay(TimeSpan.FromSeconds(6)));
        limits.AtMost($"{name} {edit}: live edge ahead of the buffer", await PageWatch.EdgeAheadAsync(page), LargestLead);
        limits.StallsAreExplained($"{name} {edit}: player", await PageWatch.StallsAsync(page, output));
        Assert.Empty(browser.Errors);
    }
}
