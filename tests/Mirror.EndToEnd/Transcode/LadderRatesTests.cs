using Mirror.EndToEnd.Media;
using Mirror.Media.Playlists;

namespace Mirror.EndToEnd.Transcode;

/// <summary>A ladder of four rungs: all aligned, each at the bit rate that was asked for.</summary>
public sealed class LadderRatesTests(ITestOutputHelper output)
{
    [Fact]
    public async Task Four_rungs_are_aligned_and_hit_their_bit_rates()
    {
        string folder = Directory.CreateTempSubdirectory("mirror-ladder-").FullName;
        string ladder = Path.Combine(folder, "ladder.yaml");
        await File.WriteAllTextAsync(ladder, """
            ladder:
              360p: {height: 360, bitrate: 700kbps, preset: superfast}
              270p: {height: 270, bitrate: 400kbps, preset: superfast}
              180p: {height: 180, bitrate: 200kbps, preset: superfast, max_frame_rate: 15}
            """);
        string file = Path.Combine(folder, "source.ts");
        await Tool.RunAsync("ffmpeg", "-v error -y -f lavfi -i testsrc2=size=640x360:rate=30,noise=alls=12:allf=t -t 36 -c:v libx264 -preset ultrafast -b:v 3M -g 16 -sc_threshold 0 "
            + $"-pix_fmt yuv420p -f mpegts {file}");
        await using MirrorServer server = await MirrorServer.StartAsync("--transcode.ladder", ladder);
        await using Tool push = Tool.Start("ffmpeg", $"-v error -re -i {file} -c copy -f mpegts", server.SrtUrl("show"));
        await server.WaitForPlaylistAsync("show");
        Assert.Equal(0, await push.ExitAsync());
        await server.WaitForStatusAsync("show", "degraded");
        foreach (string rendition in new[] { "360p", "270p", "180p" }) { await LadderTests.WaitForEndAsync(server, "show", rendition); }
        await server.StopStreamAsync("show");
        foreach ((string rendition, double target) in new[] { ("360p", 700e3), ("270p", 400e3), ("180p", 200e3) })
        {
            await LadderTests.AssertSameSegmentsAsync(server, "show", "source", rendition);
            (double seconds, long bytes) = await MeasureAsync(server, "show", rendition);
            output.WriteLine($"{rendition}: {bytes * 8 / seconds / 1000:F0} kbit/s over {seconds:F1} s, aimed at {target / 1000:F0}");
            Assert.InRange(seconds, 30, 40);
            Assert.InRange(bytes * 8 / seconds, target * 0.9, target * 1.1);
        }
        Directory.Delete(folder, recursive: true);
    }

    private static async Task<(double Seconds, long Bytes)> MeasureAsync(MirrorServer server, string stream, string rendition)
    {
        IReadOnlyList<SegmentEntry> segments = (await LadderTests.GetPlaylistAsync(server, stream, rendition)).Segments;
        long bytes = 0;
        foreach (SegmentEntry segment in segments)
        {
            bytes += (await server.Client.GetByteArrayAsync(new Uri(server.Http, $"live/{stream}/{rendition}/{segment.Uri}"))).Length;
        }
        return ((double)segments.Sum(segment => segment.Duration), bytes);
    }
}
