using System.Globalization;
using Mirror.EndToEnd.Media;
using Mirror.Media.Playlists;

namespace Mirror.EndToEnd.Cases;

/// <summary>Sound and picture that come apart, in bundles, or go away for a while: what is delivered has both all the time.</summary>
public sealed class TrackCaseTests(ITestOutputHelper output)
{
    private const int MayMiss = 48;                          // frames of sound, a second: what is before the first key frame has no picture

    [Theory]
    [InlineData("B03-0.5.ts", "")]
    [InlineData("B10.ts", "")]
    [InlineData("B10.ts", "delay-pid --pid audio --by 2.5")]
    [InlineData("B10.ts", "delay-pid --pid audio --by -2")]
    public async Task All_sound_is_delivered_however_far_it_is_from_its_picture(string name, string edit)
    {
        using CaseEdit file = await CaseEdit.MakeAsync(name, edit);
        await using MirrorServer server = await MirrorServer.StartAsync();
        string[] playlists = await DeliverAsync(server, file.Case, "cam");
        Assert.All(playlists, playlist => Assert.DoesNotContain("#EXT-X-GAP", playlist, StringComparison.Ordinal));
        Assert.All(playlists, playlist => Assert.DoesNotContain("GAP=YES", playlist, StringComparison.Ordinal));
        int sent = await CountSoundAsync(file.Path);
        int delivered = await CountSoundAsync(new Uri(server.Http, "live/cam/audio/playlist.m3u8").ToString());
        output.WriteLine($"{delivered} of {sent} frames of sound");
        Assert.InRange(delivered, sent - MayMiss, sent);
    }

    [Fact]
    public async Task Sound_that_goes_away_is_silence_and_comes_back()
    {
        await using MirrorServer server = await MirrorServer.StartAsync();
        string[] playlists = await DeliverAsync(server, CaseFile.Read("B04.ts"), "cam");
        Assert.All(playlists, playlist => Assert.DoesNotContain("GAP", playlist, StringComparison.Ordinal));
        double picture = await DurationAsync(server, "source");
        double sound = await DurationAsync(server, "audio");
        output.WriteLine($"picture {picture:F2} s, sound {sound:F2} s");
        Assert.InRange(sound, picture - 0.7, picture + 0.7);
        // Decoders take the whole of it, silence included.
        Assert.Equal("", await Tool.RunAsync("ffmpeg", $"-v error -live_start_index 0 -i {new Uri(server.Http, "live/cam/audio/playlist.m3u8")} -f null -"));
    }

    /// <summary>The picture is away for 6 s, twice: the encoded rendition repeats the last one, and numbers and dates of all stay in step.</summary>
    [Fact]
    public async Task A_picture_that_goes_away_is_frozen_and_comes_back()
    {
        using CaseEdit file = await CaseEdit.EncodeAsync(
            "-f lavfi -i testsrc2=s=640x360:r=25 -f lavfi -i sine=r=48000 -t 24 -c:v libx264 -preset ultrafast -g 25 -pix_fmt yuv420p -c:a aac -pes_payload_size 0",
            "mute --pid video --from 5 --to 11 + mute --pid video --from 14 --to 20");
        await using MirrorServer server = await MirrorServer.StartAsync();
        IReadOnlyList<Frame>[] played = await PlayCase.RenditionsAsync(server, file.Case, "cam", ["360p", "audio"]);
        double lasts = played[0][^1].Seconds - played[0][0].Seconds;
        output.WriteLine($"{played[0].Count} pictures over {lasts:F2} s, {played[1].Count} frames of sound");
        Assert.InRange(lasts, 20, 24);
        Assert.All(played[0].Zip(played[0].Skip(1)), pair => Assert.InRange(pair.Second.Seconds - pair.First.Seconds, 0.001, 0.6));
        MediaPlaylistDocument[] playlists = await InStepAsync(server, "source", "360p", "audio");
        Assert.DoesNotContain(playlists[1].Segments, segment => segment.IsGap);
        Assert.DoesNotContain(playlists[2].Segments, segment => segment.IsGap);
    }

    /// <summary>A publisher comes back without the sound that it had: silence stands for it, and nobody waits.</summary>
    [Fact]
    public async Task A_publisher_that_returns_without_sound_is_silent()
    {
        const string Picture = "-f lavfi -i testsrc2=s=640x360:r=25 -c:v libx264 -preset ultrafast -g 25 -pix_fmt yuv420p";
        using CaseEdit both = await CaseEdit.EncodeAsync($"-f lavfi -i sine=r=48000 {Picture} -c:a aac -t 8", "");
        using CaseEdit picture = await CaseEdit.EncodeAsync($"{Picture} -t 10", "");
        await using MirrorServer server = await MirrorServer.StartAsync();
        foreach (CaseEdit file in new[] { both, picture })
        {
            await using CasePush push = CasePush.Start(server, file.Case, "cam");
            await push.ArrivedAsync();
        }
        await server.StopStreamAsync("cam");
        MediaPlaylistDocument[] playlists = await InStepAsync(server, "source", "audio");
        Assert.All(playlists, playlist => Assert.Single(playlist.Segments, segment => segment.StartsDiscontinuity));
        Assert.DoesNotContain(playlists[1].Segments, segment => segment.IsGap);
        double[] seconds = [.. playlists.Select(playlist => (double)playlist.Segments.Sum(segment => segment.Duration))];
        output.WriteLine($"picture {seconds[0]:F2} s, sound {seconds[1]:F2} s");
        Assert.InRange(seconds[1], seconds[0] - 0.7, seconds[0] + 0.7);
    }

    /// <summary>The playlists of renditions whose segments of the same number start at the same time.</summary>
    private static async Task<MediaPlaylistDocument[]> InStepAsync(MirrorServer server, params string[] renditions)
    {
        MediaPlaylistDocument[] playlists = await Task.WhenAll(renditions.Select(rendition => Transcode.LadderTests.GetPlaylistAsync(server, "cam", rendition)));
        long first = playlists.Max(playlist => playlist.MediaSequence);
        long last = playlists.Min(playlist => playlist.MediaSequence + playlist.Segments.Count) - 1;
        for (long msn = first; msn < last; msn++)
        {
            DateTime?[] starts = [.. playlists.Select(playlist => playlist.Segments[(int)(msn - playlist.MediaSequence)].ProgramDateTime)];
            Assert.All(starts, start => Assert.InRange((start!.Value - starts[0]!.Value).TotalMilliseconds, -70, 70));
        }
        return playlists;
    }

    /// <summary>Pushes a file to its end; the media playlists of what it became.</summary>
    private static async Task<string[]> DeliverAsync(MirrorServer server, CaseFile file, string stream)
    {
        await using CasePush push = CasePush.Start(server, file, stream);
        await server.WaitForPlaylistAsync(stream);
        await push.ArrivedAsync();
        await server.StopStreamAsync(stream);
        return await Task.WhenAll(new[] { "source", "audio" }.Select(rendition => server.Client.GetStringAsync($"live/{stream}/{rendition}/playlist.m3u8")));
    }

    private static async Task<int> CountSoundAsync(string source)
        => int.Parse((await Tool.RunAsync("ffprobe", $"-v error -select_streams a:0 -count_packets -show_entries stream=nb_read_packets -of default=nw=1:nk=1 {(source.StartsWith("http", StringComparison.Ordinal) ? "-live_start_index 0 " : "")}{source}")).Split('\n')[0], CultureInfo.InvariantCulture);

    private static async Task<double> DurationAsync(MirrorServer server, string rendition)
        => (double)(await Transcode.LadderTests.GetPlaylistAsync(server, "cam", rendition)).Segments.Sum(segment => segment.Duration);
}
