using System.Diagnostics;
using Mirror.EndToEnd.Conformance;
using Mirror.EndToEnd.Media;
using Mirror.EndToEnd.RealTime;
using Mirror.Media.Playlists;

namespace Mirror.EndToEnd.Cases;

/// <summary>A relay that reads HLS segments sends six seconds at once, every six seconds (B11); in the short form three.</summary>
[Trait(TestRuns.Trait, TestRuns.RealTime)]
public sealed class BurstCaseTests(ITestOutputHelper output)
{
    private static readonly int BurstSeconds = TestRuns.IsFull ? 6 : 3;
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(2);      // for the next part; without pacing it is the burst

    [Fact]
    public async Task After_two_bursts_parts_come_evenly_and_none_is_too_long()
    {
        await using MirrorServer server = await MirrorServer.StartAsync("--transcode.max_lag", "250ms");
        TestMedia media = new("libx264", "25", 0.5, 0) { Seconds = 8 * BurstSeconds, Size = "640x360", VideoMore = "-muxrate 3M" };
        CaseFile file = CaseFile.Of(await File.ReadAllBytesAsync(await media.MakeAsync()), 3_000_000);
        await using CasePush push = CasePush.Start(server, file, "cam", new CasePace { Burst = TimeSpan.FromSeconds(BurstSeconds) });
        await server.WaitForPlaylistAsync("cam");
        List<TimeSpan>[] waits = await Task.WhenAll(new[] { "source", "audio", "360p" }.Select(rendition => WatchAsync(server, rendition)));
        foreach (List<TimeSpan> rendition in waits) { output.WriteLine($"{rendition.Count} playlists, longest waits {string.Join(' ', rendition.OrderDescending().Take(5).Select(wait => $"{wait.TotalSeconds:F2}"))} s"); }
        Assert.All(waits, rendition => Assert.InRange(rendition.Max(), TimeSpan.Zero, LongestWait));
    }

    /// <summary>Asks for each part as a player does, from the third burst on.</summary>
    /// <returns>How long it waited for each.</returns>
    private static async Task<List<TimeSpan>> WatchAsync(MirrorServer server, string rendition)
    {
        var waits = new List<TimeSpan>();
        var playlist = new Uri(server.Http, $"live/cam/{rendition}/playlist.m3u8");
        string query = "";
        var clock = Stopwatch.StartNew();
        TimeSpan last = TimeSpan.Zero;
        while (clock.Elapsed < TimeSpan.FromSeconds(5.5 * BurstSeconds))
        {
            PlaylistResponse response = await PlaylistResponse.SendAsync(server.Client, HttpMethod.Get, new Uri(playlist, playlist.AbsolutePath + query), gzip: false, TestContext.Current.CancellationToken);
            if (response.Status != 200 || !MediaPlaylistParser.TryParse(response.Text, out MediaPlaylistDocument? document, out _)) { continue; }
            if (clock.Elapsed > TimeSpan.FromSeconds(2.5 * BurstSeconds)) { waits.Add(clock.Elapsed - last); }
            last = clock.Elapsed;
            Assert.All(document.Segments.SelectMany(segment => segment.Parts), part => Assert.True(part.Duration <= document.PartTarget, $"{rendition}: {part.Line}"));
            (long msn, int part) = MutationRules.End(document);
            query = $"?_HLS_msn={msn}&_HLS_part={part}";
        }
        return waits;
    }
}
