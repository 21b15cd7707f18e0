using Microsoft.Playwright;
using Mirror.EndToEnd.Browser;
using Mirror.EndToEnd.Conformance;
using Mirror.EndToEnd.Media;
using Mirror.EndToEnd.RealTime;
using Mirror.EndToEnd.Transcode;

namespace Mirror.EndToEnd.Clusters;

/// <summary>A stream through processes of its own for every step: the feed, the store, the announcements and the origins carry what one process hands over by reference.</summary>
/// <remarks>Each test is one that single-process tests make in every variation; here the way is the subject, so one variation is enough.</remarks>
public sealed class ClusterStreamTests(RunningCluster running, ITestOutputHelper output) : ClusterTests(running)
{
    private const int Reloads = 60;
    private readonly MirrorServer _server = MirrorServer.Of(running.Cluster);

    [Theory, InlineData("libx264", 0), InlineData("libx265", 2)]
    public async Task Every_frame_passes_through_unchanged(string codec, int bFrames)
    {
        var media = new TestMedia(codec, "30000/1001", 0.5, bFrames);
        await PassThroughTests.PassThroughAsync(_server, media, await media.MakeAsync(), output);
    }

    [Fact]
    public async Task Playlists_keep_every_rule()
    {
        string stream = "rules" + Guid.NewGuid().ToString("N");
        string file = await (new TestMedia("libx264", "30", 0.5, 2) { Seconds = 90, Audio = "-c:a libopus -b:a 96k -ar 48000" }).MakeAsync();
        await using Tool push = Tool.Start("ffmpeg", $"-v error -re -i {file} -map 0 -c copy -f mpegts", _server.SrtUrl(stream));
        await _server.WaitForPlaylistAsync(stream);
        ConformanceReport report = await PlaylistConformance.WalkAsync(_server.Playlist(stream), _server.Client, Reloads, TestContext.Current.CancellationToken, sharesClock: true);
        output.WriteLine(report.ToString());
        Assert.Empty(report.Violations);
        Assert.Equal(3, report.Renditions);
    }

    [Fact]
    public Task Video_is_encoded_in_step_with_its_source() => LadderTests.AlignAsync(_server, "H.264, 59.94 fps, B-frames", output);

    [Fact]
    public async Task Audio_is_encoded_in_step_with_the_video()
    {
        await using (Tool push = AudioTests.Push(_server, "mp2", "-c:a mp2 -b:a 192k -ac 2")) { await AudioTests.CheckLiveAsync(_server, "mp2", isDelivered: false); }
        await AudioTests.CheckRecordedAsync(_server, "mp2", output);
    }

    [Fact]
    public Task A_publisher_that_comes_back_continues_its_stream() => ReconnectTests.ComeBackAsync(_server, "returns", crashes: true);

    [Fact]
    public async Task A_browser_plays_from_an_origin()
    {
        await using ChromiumBrowser browser = await ChromiumBrowser.StartAsync();
        IPage page = await browser.OpenAsync(new Uri(_server.Https, $"watch/{RunningCluster.Stream}"));
        await page.WaitForFunctionAsync("() => window.mirrorPlayer?.state === 'playing' && window.mirrorPlayer.totalFrames > 60");
        Assert.Empty(browser.Errors);
    }
}
