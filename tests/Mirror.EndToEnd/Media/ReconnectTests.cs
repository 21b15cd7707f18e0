using System.Text.RegularExpressions;

namespace Mirror.EndToEnd.Media;

/// <summary>A publisher that drops and comes back continues its stream.</summary>
public sealed class ReconnectTests
{
    [Theory, InlineData(false), InlineData(true)]
    public async Task A_publisher_that_comes_back_continues_the_numbers_behind_one_discontinuity(bool crashes)
    {
        await using MirrorServer server = await MirrorServer.StartAsync();
        await ComeBackAsync(server, "cam", crashes);
    }

    /// <summary>Pushes, ends or crashes, pushes again, and looks at the playlists.</summary>
    internal static async Task ComeBackAsync(MirrorServer server, string stream, bool crashes)
    {
        string file = await (new TestMedia("libx264", "30", 0.5, 0) { Seconds = 30 }).MakeAsync();
        await using (Tool push = Push(server, stream, file))
        {
            await server.WaitForPlaylistAsync(stream);
            await Eventually.TrueAsync(async () => (await PlaylistAsync(server, stream, "source")).Split("#EXT-X-PART:").Length > 20, "there are 20 parts");
            if (crashes) { await push.KillAsync(); }
        }
        await using Tool again = await PushUntilAcceptedAsync(server, stream, file);
        await Eventually.TrueAsync(async () => (int?)(await server.GetStreamAsync(stream))?["stats"]?["reconnects"] == 1, "the stream continues");
        foreach (string rendition in new[] { "source", "audio" })
        {
            string playlist = "";
            await Eventually.TrueAsync(async () => (playlist = await PlaylistAsync(server, stream, rendition)).Split("#EXT-X-DISCONTINUITY\n").Skip(1).LastOrDefault("").Split("#EXTINF").Length > 4, $"{rendition} continues");
            Assert.Single(Regex.Matches(playlist, "#EXT-X-DISCONTINUITY\n"));
            long[] numbers = [.. Regex.Matches(playlist, @"^(\d+)\.m4s", RegexOptions.Multiline).Select(match => long.Parse(match.Groups[1].Value))];
            long first = long.Parse(Regex.Match(playlist, @"MEDIA-SEQUENCE:(\d+)").Groups[1].Value);
            Assert.Equal(Enumerable.Range(0, numbers.Length).Select(i => first + i), numbers);
        }
    }

    [Fact]
    public async Task A_stream_whose_publisher_stays_away_ends()
    {
        await using MirrorServer server = await MirrorServer.StartAsync("--ingestion.srt.reconnect_window", "1s");
        string file = await (new TestMedia("libx264", "30", 0.5, 0) { Seconds = 4 }).MakeAsync();
        await using Tool push = Push(server, "cam", file);
        await server.WaitForPlaylistAsync("cam");
        await push.ExitAsync();
        await Eventually.TrueAsync(async () => (await PlaylistAsync(server, "cam", "source")).Contains("#EXT-X-ENDLIST", StringComparison.Ordinal), "the playlist ends");
        await Eventually.TrueAsync(async () => await server.GetStreamAsync("cam") is null, "the stream is gone");
    }

    [Fact]
    public async Task A_new_resolution_in_mid_stream_gets_a_new_init_and_one_discontinuity()
    {
        await using MirrorServer server = await MirrorServer.StartAsync();
        string large = await (new TestMedia("libx264", "30", 0.5, 0) { Seconds = 4 }).MakeAsync();
        string small = await (new TestMedia("libx264", "30", 0.5, 0) { Seconds = 4, Size = "160x90" }).MakeAsync();
        string both = Path.Combine(Path.GetDirectoryName(large)!, Guid.NewGuid().ToString("N") + ".txt");
        await File.WriteAllTextAsync(both, $"file '{large}'\nfile '{small}'\n");
        await using Tool push = Tool.Start("ffmpeg", $"-v error -re -f concat -safe 0 -i {both} -map 0 -c copy -f mpegts", server.SrtUrl("cam"));
        await server.WaitForPlaylistAsync("cam");
        await push.ExitAsync();
        await server.WaitForStatusAsync("cam", "degraded");
        foreach (string rendition in new[] { "source", "audio" })
        {
            string playlist = await PlaylistAsync(server, "cam", rendition);
            Assert.Single(Regex.Matches(playlist, "#EXT-X-DISCONTINUITY\n"));
            Assert.Equal(rendition == "source" ? 2 : 1, Regex.Matches(playlist, "#EXT-X-MAP:[^\n]*").Select(map => map.Value).Distinct().Count());
        }
        // ffmpeg's HLS reader keeps to the first initialization segment, so each format is decoded by itself.
        FrameList[] played = await Task.WhenAll((await DownloadByInitAsync(server, "source")).Select(file => FrameList.DecodeAsync(file)));
        Assert.Equal(2, played.Length);
        Assert.Equal(120, played[0].Video.Count);
        Assert.InRange(played[1].Video.Count, 120 - 20, 120);
    }

    private static Tool Push(MirrorServer server, string stream, string file) => Tool.Start("ffmpeg", $"-v error -re -i {file} -map 0 -c copy -f mpegts", server.SrtUrl(stream));

    /// <summary>An encoder that calls again until it is let in, as encoders do.</summary>
    private static async Task<Tool> PushUntilAcceptedAsync(MirrorServer server, string stream, string file)
    {
        int before = (int)(await server.GetStreamAsync(stream))!["stats"]!["reconnects"]!;
        while (true)
        {
            Tool push = Push(server, stream, file);
            await Eventually.TrueAsync(async () => push.HasExited || (int?)(await server.GetStreamAsync(stream))?["stats"]?["reconnects"] > before, "the publisher is accepted or refused");
            if (!push.HasExited) { return push; }
            await push.DisposeAsync();
        }
    }

    /// <summary>One file for each EXT-X-MAP of a playlist: that initialization segment and the segments under it.</summary>
    private static async Task<List<string>> DownloadByInitAsync(MirrorServer server, string rendition)
    {
        var files = new List<string>();
        foreach (string line in (await PlaylistAsync(server, "cam", rendition)).Split('\n'))
        {
            string? uri = line.StartsWith("#EXT-X-MAP:URI=", StringComparison.Ordinal) ? line.Split('"')[1] : line.EndsWith(".m4s", StringComparison.Ordinal) ? line : null;
            if (uri is null) { continue; }
            if (line[0] == '#') { files.Add(Path.GetTempFileName()); }
            await using FileStream file = File.Open(files[^1], FileMode.Append);
            await file.WriteAsync(await server.Client.GetByteArrayAsync($"live/cam/{rendition}/{uri}"));
        }
        return files;
    }

    private static async Task<string> PlaylistAsync(MirrorServer server, string stream, string rendition)
    {
        using HttpResponseMessage response = await server.Client.GetAsync($"live/{stream}/{rendition}/playlist.m3u8");
        return response.IsSuccessStatusCode ? await response.Content.ReadAsStringAsync() : "";
    }
}
