namespace Mirror.EndToEnd.Media;

/// <summary>ffmpeg pushes over SRT, ffmpeg plays Low-Latency HLS: what comes out is what went in, to the pixel and the tick.</summary>
public sealed class PassThroughTests(PassThroughTests.PassingMirror fixture, ITestOutputHelper output) : IClassFixture<PassThroughTests.PassingMirror>
{
    // SRT discards what isn't due yet when the caller closes, and ffmpeg closes right behind its last packet: so much of the end may be lost.
    private const double TailSeconds = 1.0;
    private const int AtATime = 15;

    private static readonly string[] AudioCodecs =
    [
        "-c:a libopus -b:a 96k -ar 48000",
        "-c:a aac -aac_pns 0 -b:a 96k -ar 44100 -ac 1",
        "-c:a aac -aac_pns 0 -b:a 128k -ar 48000 -mpegts_flags latm",
        "-c:a ac3 -b:a 192k -ar 48000 -ac 2",
        "-c:a eac3 -b:a 128k -ar 48000 -ac 2",
    ];

    public static TheoryData<string, int> Kinds => new MatrixTheoryData<string, int>(["libx264", "libx265"], [0, 2]);

    [Theory, MemberData(nameof(Kinds))]
    public async Task Every_frame_rate_and_key_frame_distance_passes_through_unchanged(string codec, int bFrames)
    {
        TestMedia[] all = [.. from rate in new[] { "25", "30000/1001", "30", "50", "60" } from gop in new[] { 0.5, 1, 2 } select new TestMedia(codec, rate, gop, bFrames)];
        foreach (TestMedia[] batch in all.Chunk(AtATime)) { await PassThroughAsync(batch); }
    }

    [Fact]
    public Task Every_audio_codec_passes_through_unchanged()
        => PassThroughAsync([.. AudioCodecs.Select(audio => new TestMedia("libx264", "30", 0.5, 0) { Audio = audio })]);

    /// <summary>All at once.</summary>
    private async Task PassThroughAsync(TestMedia[] batch)
    {
        string[] files = await Task.WhenAll(batch.Select(media => media.MakeAsync()));
        await Task.WhenAll(batch.Select((media, index) => PassThroughAsync(fixture.Mirror, media, files[index], output)));
    }

    /// <summary>Pushes a file, plays it, and compares the two.</summary>
    internal static async Task PassThroughAsync(MirrorServer server, TestMedia media, string file, ITestOutputHelper output)
    {
        string muxer = media.Audio.Contains("latm", StringComparison.Ordinal) ? "-mpegts_flags latm" : "";
        FrameList sent = await FrameList.DecodeAsync(file);
        string stream = "s" + Guid.NewGuid().ToString("N");
        await using Tool push = Tool.Start("ffmpeg", $"-v error -re -i {file} -map 0 -c copy {muxer} -f mpegts", server.SrtUrl(stream));
        await server.WaitForPlaylistAsync(stream);
        Task<FrameList> playing = FrameList.DecodeAsync(server.Playlist(stream).ToString(), "-live_start_index 0");
        Assert.Equal(0, await push.ExitAsync());
        await server.WaitForStatusAsync(stream, "degraded");
        await server.StopStreamAsync(stream);
        FrameList played = await playing;
        output.WriteLine($"{media}, {media.Audio}: {played.Video.Count}/{sent.Video.Count} pictures, {played.Audio.Count}/{sent.Audio.Count} audio frames");
        AssertSamePictures(media, sent, played);
        AssertSameSound(sent, played);
        AssertSameOffset(sent, played);
    }

    private static void AssertSamePictures(TestMedia media, FrameList sent, FrameList played)
    {
        double frame = sent.Video[1].Seconds - sent.Video[0].Seconds;
        Assert.InRange(played.Video.Count, sent.Video.Count - TailSeconds / frame, sent.Video.Count);
        int inOrder = played.Video.Count - 2 * media.BFrames;   // at a torn end, pictures are missing in decoding order
        for (int i = 0; i < inOrder; i++)
        {
            Assert.True(sent.Video[i].Checksum == played.Video[i].Checksum, $"{media}: picture {i} differs");
            Assert.Equal(sent.Video[i].Seconds - sent.Video[0].Seconds, played.Video[i].Seconds - played.Video[0].Seconds, 1.5 / 90_000);
        }
    }

    private static void AssertSameSound(FrameList sent, FrameList played)
    {
        // Frames before the first picture have no place in the presentation.
        int skipped = sent.Audio.Count(frame => frame.Seconds < sent.Video[0].Seconds - 0.03);
        Assert.InRange(played.Audio.Count, sent.Audio.Count - skipped - TailSeconds / 0.02 - 2, sent.Audio.Count);
        double[] steps = [.. played.Audio.Zip(played.Audio.Skip(1), (a, b) => b.Seconds - a.Seconds)];
        Assert.All(steps, step => Assert.Equal(sent.Audio[2].Seconds - sent.Audio[1].Seconds, step, 0.001));
    }

    private static void AssertSameOffset(FrameList sent, FrameList played)
    {
        // Audio frames are told apart by content only beyond the first, whose decoder had nothing before it.
        Frame known = played.Audio[played.Audio.Count / 2];
        Frame[] same = [.. sent.Audio.Where(frame => frame.Checksum == known.Checksum)];
        Assert.Contains(same, frame => Math.Abs((frame.Seconds - sent.Video[0].Seconds) - (known.Seconds - played.Video[0].Seconds)) < 0.0015);
    }

    /// <summary>It does not transcode, or there would be encoded pictures and sound to choose as well.</summary>
    public sealed class PassingMirror() : SharedMirror(["--transcode.enabled", "false"]);
}
