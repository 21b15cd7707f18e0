using Mirror.EndToEnd.Conformance;
using Mirror.EndToEnd.Media;
using Mirror.EndToEnd.RealTime;

namespace Mirror.EndToEnd.Cases;

/// <summary>
/// Normal streams, rewritten by random operations of the editor, several at a time: what ffmpeg decodes of them is delivered, and the
/// playlists keep every rule. In the long form over many seeds, with memory that stays flat.
/// </summary>
public sealed class TortureTests(ITestOutputHelper output)
{
    private const double Seconds = 16;
    private const int Reloads = 60;                          // of each rendition
    private const double LeastShare = 0.9;                   // of the pictures that ffmpeg decodes: the rest are those of groups without their first
    private const int MayMiss = 30;                          // pictures before the first key frame, and after a jump until the next
    private const long MostGrowth = 64L * 1024 * 1024;
    private static readonly int Seeds = TestRuns.IsFull ? 40 : 2;
    private static readonly string[] Operations =
    [
        "pmt-version --every 3", "pmt-reorder --at 6", "null --ratio 0.5", "dup --every 50", "pcr-pid", "unbounded --pid audio", "corrupt-marker --pid video",
        "drop-dts --pid video", "drop-pts --pid video --keep-every 5", "drop-pts --pid audio --keep-every 3", "rebase --to 95440",
        "jolt --pid video --every 2 --by 5000 --key no", "jolt --pid audio --every 3 --by 100", "shift --at 8 --by 3600", "shift --at 8 --by -1 --flag",
        "delay-pid --pid audio --by 0.8", "delay-pid --pid audio --by -0.5", "mute --pid audio --from 5 --to 8", "mute --pid video --from 6 --to 9",
    ];

    [Fact]
    public async Task What_is_decodable_is_delivered_whatever_the_multiplexer_does()
    {
        await using MirrorServer server = await MirrorServer.StartAsync();
        long first = 0;
        for (int seed = 1; seed <= Seeds; seed++)
        {
            await TormentAsync(server, seed);
            long memory = GC.GetTotalMemory(forceFullCollection: true);
            if (seed == 1) { first = memory; }
            Assert.InRange(memory, 0, first + MostGrowth);
        }
    }

    private async Task TormentAsync(MirrorServer server, int seed)
    {
        var random = new Random(seed);
        string edit = string.Join(" + ", random.GetItems(Operations, random.Next(2, 5)).Distinct());
        TestMedia media = new("libx264", "25", random.Next(1, 5) / 2.0, random.Next(3)) { Seconds = (int)Seconds, Size = "320x180" };
        using CaseEdit file = await CaseEdit.MakeAsync(await media.MakeAsync(), edit);
        string stream = $"seed{seed}";
        await using CasePush push = CasePush.Start(server, file.Case, stream);
        await server.WaitForPlaylistAsync(stream);
        string playlist = PlayCase.Playlist(server, stream, "source").ToString();
        Task<int> playing = CountPicturesAsync($"-live_start_index 0 -i {playlist}");
        ConformanceReport report = await PlaylistConformance.WalkAsync(server.Playlist(stream), server.Client, Reloads, TestContext.Current.CancellationToken, sharesClock: true);
        await push.ArrivedAsync();
        await server.StopStreamAsync(stream);
        int delivered = await playing;
        int decodable = await CountPicturesAsync($"-i {file.Path}");
        string about = $"seed {seed} ({edit}; {media}): {delivered} of {decodable} pictures";
        output.WriteLine(about);
        // Decoding times that are made up come unevenly, and so do parts.
        Assert.True(report.Violations.All(violation => violation.Contains("85 %", StringComparison.Ordinal)), $"{about}\n{report}");
        Assert.True(delivered >= decodable * LeastShare - MayMiss, about);
    }

    private static async Task<int> CountPicturesAsync(string input)
    {
        await using Tool ffmpeg = Tool.Start("nice", $"-n 10 ffmpeg -v quiet {input} -map 0:v -fps_mode passthrough -copyts -f framecrc -");
        string lines = await ffmpeg.Output;
        await ffmpeg.ExitAsync();
        return lines.Split('\n').Count(line => line.StartsWith("0,", StringComparison.Ordinal));
    }
}
