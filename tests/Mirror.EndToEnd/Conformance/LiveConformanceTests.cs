using Mirror.EndToEnd.Media;
using Mirror.EndToEnd.RealTime;

namespace Mirror.EndToEnd.Conformance;

/// <summary>The rules of Low-Latency HLS, checked on streams that a real encoder pushes over SRT.</summary>
public sealed class LiveConformanceTests(ITestOutputHelper output)
{
    private static readonly int Reloads = TestRuns.IsFull ? 200 : 60;       // of each rendition, at 10 a second where the machine keeps up
    private static readonly int Longest = TestRuns.IsFull ? 300 : 90;       // seconds of each stream, on a busy machine

    [Fact]
    public async Task Live_streams_of_every_shape_keep_every_rule()
    {
        await using MirrorServer server = await MirrorServer.StartAsync();
        TestMedia[] shapes =
        [
            new("libx264", "25", 0.5, 0),
            new("libx264", "30000/1001", 0.5, 2),
            new("libx264", "60", 1, 0),
            new("libx265", "50", 2, 2),
            new("libx264", "60000/1001", 0.5, 0) { Audio = "-c:a libopus -b:a 96k -ar 48000" },
        ];
        // Encoded before: an encoder that is late at first and catches up moves the clock, and dates with it.
        string[] files = await Task.WhenAll(shapes.Select(shape => (shape with { Size = "160x90", Seconds = Longest }).MakeAsync()));
        Tool[] pushes = [.. files.Select((file, index) => Tool.Start("ffmpeg", $"-v error -re -i {file} -map 0 -c copy -f mpegts", server.SrtUrl($"shape{index}")))];
        try
        {
            await Task.WhenAll(shapes.Select((_, index) => server.WaitForPlaylistAsync($"shape{index}")));
            ConformanceReport[] reports = await Task.WhenAll(shapes.Select((_, index)
                => PlaylistConformance.WalkAsync(server.Playlist($"shape{index}"), server.Client, Reloads, TestContext.Current.CancellationToken, sharesClock: true)));
            foreach ((TestMedia shape, ConformanceReport report) in shapes.Zip(reports)) { output.WriteLine($"{shape}\n{report}\n"); }
            Assert.All(reports, report => Assert.Empty(report.Violations));
            Assert.Equal([2, 2, 2, 2, 3], reports.Select(report => report.Renditions));      // the pictures are too small for a rung, but Opus comes with AAC beside it
            Assert.All(reports, report => Assert.True(report.Reloads >= 2 * Reloads));
        }
        finally
        {
            foreach (Tool push in pushes) { await push.DisposeAsync(); }
        }
        await server.WaitForStatusAsync("shape0", "degraded");
        ConformanceReport silence = await PlaylistConformance.CheckSilenceAsync(new Uri(server.Http, "live/shape0/source/playlist.m3u8"), server.Client, TestContext.Current.CancellationToken);
        Assert.Empty(silence.Violations);
    }
}
