using System.Diagnostics;
using Mirror.EndToEnd.Conformance;
using Mirror.EndToEnd.Srt;
using Mirror.Media.Playlists;

namespace Mirror.EndToEnd.Media;

/// <summary>The dates of a live playlist against the wall clock, while a real encoder pushes over SRT.</summary>
public sealed class ProgramDateTests(ITestOutputHelper output)
{
    private const string Audio = "-c:a aac -b:a 96k";
    private const string Pattern = "-f lavfi -i testsrc2=size=640x360:rate=30 -f lavfi -i sine=frequency=440:sample_rate=48000";
    private const string Encoder = "-c:v libx264 -preset ultrafast -tune zerolatency -g 15";
    private static readonly TimeSpan Watched = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Frame = TimeSpan.FromSeconds(1 / 25.0);
    private static readonly TimeSpan Usual = TimeSpan.FromSeconds(2);      // at the best moment of a busy machine

    /// <summary>What ffmpeg reads and how. A file of a low rate comes in bursts.</summary>
    private static readonly Dictionary<string, string> Publishers = new()
    {
        ["an encoder"] = $"-re {Pattern} {Encoder} {Audio}",
        ["an encoder with B-frames"] = $"-re {Pattern} -c:v libx264 -preset ultrafast -bf 2 -g 15 {Audio}",
        ["a file"] = "-re -i {file} -c copy",
    };

    public static TheoryData<string> Names => new(Publishers.Keys);

    [Theory, MemberData(nameof(Names))]
    public async Task Nothing_listed_ends_after_the_current_time(string name)
    {
        string file = await new TestMedia("libx264", "25", 0.5, 0) { Seconds = 20 }.MakeAsync();
        string arguments = Publishers[name].Replace("{file}", file, StringComparison.Ordinal);
        await using MirrorServer server = await StartAsync();
        await using Tool push = Tool.Start("ffmpeg", $"-v error {arguments} -f mpegts", server.SrtUrl("dated"));
        await WatchAsync(server, name);
    }

    [Fact]
    public async Task A_second_sent_at_once_does_not_put_dates_ahead()
    {
        const double Backlog = 1;
        TestMedia media = new("libx264", "25", 0.5, 0) { Seconds = 20, VideoMore = "-muxrate 3M" };      // bytes pass evenly
        byte[] bytes = await File.ReadAllBytesAsync(await media.MakeAsync());
        await using MirrorServer server = await StartAsync();
        using var stop = new CancellationTokenSource();
        Task sending = SendAsync(server.SrtPort, bytes, bytes.Length / (double)media.Seconds, Backlog, stop.Token);
        try { await WatchAsync(server, "a backlog of a second"); }
        finally
        {
            await stop.CancelAsync();
            await sending;
        }
    }

    // The shortest latency window, which hides least of a clock that is ahead.
    private static Task<MirrorServer> StartAsync() => MirrorServer.StartAsync("--ingestion.srt.latency", "20ms");

    private static async Task SendAsync(int port, byte[] bytes, double bytesPerSecond, double backlog, CancellationToken cancellationToken)
    {
        using SrtCaller caller = SrtCaller.TryConnect(port, "dated") ?? throw new InvalidOperationException($"refused: {SrtCaller.LastRejection}");
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(5));
        var clock = Stopwatch.StartNew();
        for (int sent = 0; sent < bytes.Length && !cancellationToken.IsCancellationRequested;)
        {
            int due = Math.Min(bytes.Length, (int)((clock.Elapsed.TotalSeconds + backlog) * bytesPerSecond) / 188 * 188);
            if (due > sent && !caller.Send(bytes.AsSpan(sent, due - sent))) { return; }
            sent = Math.Max(sent, due);
            await timer.WaitForNextTickAsync(CancellationToken.None);
        }
    }

    private async Task WatchAsync(MirrorServer server, string name)
    {
        List<TimeSpan>[] ahead = await Task.WhenAll(PollAsync(server, "source"), PollAsync(server, "audio"));
        foreach (List<TimeSpan> rendition in ahead)
        {
            output.WriteLine($"{name}: {rendition.Count} playlists, newest part {rendition.Min().TotalMilliseconds:F0} to {rendition.Max().TotalMilliseconds:F0} ms from now");
        }
        Assert.All(ahead, rendition => Assert.All(rendition, end => Assert.InRange(end, TimeSpan.MinValue, Frame)));
        Assert.All(ahead, rendition => Assert.InRange(rendition.Max(), -Usual, Frame));
    }

    /// <summary>Reads a playlist with each of its parts, from the very first on.</summary>
    /// <returns>How far after the answer the newest part ends.</returns>
    private static async Task<List<TimeSpan>> PollAsync(MirrorServer server, string rendition)
    {
        var ahead = new List<TimeSpan>();
        var playlist = new Uri(server.Http, $"live/dated/{rendition}/playlist.m3u8");
        string query = "";
        DateTime? until = null;
        while (until is null || DateTime.UtcNow < until)
        {
            PlaylistResponse response = await PlaylistResponse.SendAsync(
                server.Client, HttpMethod.Get, new Uri(playlist, playlist.AbsolutePath + query), gzip: false, TestContext.Current.CancellationToken);
            if (response.Status != 200 || !MediaPlaylistParser.TryParse(response.Text, out MediaPlaylistDocument? document, out _))
            {
                await Task.Delay(10);
                continue;
            }
            until ??= response.ReceivedAt + Watched;
            SegmentEntry newest = document.OpenSegment ?? document.Segments[^1];
            ahead.Add(StateRules.EndOf(newest)!.Value - response.ReceivedAt);
            (long msn, int part) = MutationRules.End(document);
            query = $"?_HLS_msn={msn}&_HLS_part={part}";
        }
        return ahead;
    }
}
