using System.Text.Json.Nodes;
using Mirror.EndToEnd.Media;
using Mirror.Media.Playlists;

namespace Mirror.EndToEnd.Transcode;

/// <summary>ffmpeg pushes every kind of picture over SRT; every encoded rendition is complete, decodes without a complaint, and is aligned with the source.</summary>
public sealed class LadderTests(SharedMirror fixture, ITestOutputHelper output) : IClassFixture<SharedMirror>
{
    private const string Rendition = "360p";

    private static readonly Dictionary<string, (string Video, bool IsSourcePlayable)> Kinds = new()
    {
        ["H.264, 25 fps"] = ("-i testsrc2=size=640x360:rate=25 -c:v libx264 -preset ultrafast -g 12 -sc_threshold 0 -pix_fmt yuv420p", true),
        ["H.264, 59.94 fps, B-frames"] = ("-i testsrc2=size=640x360:rate=60000/1001 -c:v libx264 -preset ultrafast -g 30 -sc_threshold 0 -bf 2 -pix_fmt yuv420p", true),
        ["HEVC, 30 fps, GOP 2 s"] = ("-i testsrc2=size=640x360:rate=30 -c:v libx265 -preset ultrafast -x265-params keyint=60:min-keyint=60:scenecut=0:open-gop=0:log-level=error -pix_fmt yuv420p", true),
        ["HEVC, HLG, 10 bit"] = ("-i testsrc2=size=640x360:rate=25 -c:v libx265 -preset ultrafast -x265-params "
            + "keyint=12:min-keyint=12:scenecut=0:open-gop=0:log-level=error:colorprim=bt2020:transfer=arib-std-b67:colormatrix=bt2020nc -pix_fmt yuv420p10le", true),
        ["H.264, 4:2:2, 10 bit"] = ("-i testsrc2=size=640x360:rate=25 -c:v libx264 -preset ultrafast -g 12 -sc_threshold 0 -pix_fmt yuv422p10le", true),
        ["H.264, interlaced, 4:3 anamorphic"] = ("-i testsrc2=size=720x576:rate=25 -vf setsar=64/45 -c:v libx264 -preset ultrafast -g 12 -sc_threshold 0 -flags +ilme+ildct -pix_fmt yuv420p", true),
        ["MPEG-2 video"] = ("-i testsrc2=size=720x576:rate=25 -c:v mpeg2video -b:v 6M -g 12 -bf 2 -sc_threshold 1000000000 -pix_fmt yuv420p", false),
        ["H.264, an odd size"] = ("-i testsrc2=size=642x362:rate=30 -c:v libx264 -preset ultrafast -g 15 -sc_threshold 0 -pix_fmt yuv420p", true),
    };

    public static TheoryData<string> KindNames => new(Kinds.Keys);

    [Theory, MemberData(nameof(KindNames))]
    public Task Every_kind_of_source_becomes_an_aligned_rendition(string kind) => AlignAsync(fixture.Mirror, kind, output);

    /// <summary>Pushes a kind of source and compares its rendition with it.</summary>
    internal static async Task AlignAsync(MirrorServer server, string kind, ITestOutputHelper output)
    {
        (string video, bool isSourcePlayable) = Kinds[kind];
        string folder = Directory.CreateTempSubdirectory("mirror-ladder-").FullName;
        string file = Path.Combine(folder, "source.ts");
        await Tool.RunAsync("ffmpeg", $"-v error -y -f lavfi {video} -t 5 -f mpegts {file}");
        string stream = "s" + Guid.NewGuid().ToString("N");
        await using Tool push = Tool.Start("ffmpeg", $"-v error -re -i {file} -c copy -f mpegts", server.SrtUrl(stream));
        await WaitForRenditionAsync(server, stream);
        Task<FrameList> encoded = FrameList.DecodeAsync(RenditionUrl(server, stream, Rendition), "-live_start_index 0");
        Task<FrameList>? source = isSourcePlayable ? FrameList.DecodeAsync(RenditionUrl(server, stream, "source"), "-live_start_index 0") : null;
        Assert.Equal(0, await push.ExitAsync());
        await server.WaitForStatusAsync(stream, "degraded");
        if (isSourcePlayable) { await WaitForEndAsync(server, stream, Rendition); }
        await server.StopStreamAsync(stream);
        FrameList renditionFrames = await encoded;
        output.WriteLine($"{kind}: {renditionFrames.Video.Count} pictures");
        Assert.InRange(renditionFrames.Video.Count, 95, 310);
        if (source is not null)
        {
            // To the tick, but for the last pictures of the source: those behind them in decoding order were lost with the connection.
            double[] expected = [.. (await source).Video.Select(frame => frame.Seconds)];
            double[] actual = [.. renditionFrames.Video.Select(frame => frame.Seconds)];
            Assert.InRange(actual.Length, expected.Length - 4, expected.Length);
            Assert.Equal(expected.Take(actual.Length - 4), actual.SkipLast(4), (a, b) => Math.Abs(a - b) < 0.0001);
            await AssertSameSegmentsAsync(server, stream, "source", Rendition);
        }
        Directory.Delete(folder, recursive: true);
    }

    [Theory]
    [InlineData("640x360", "320", 320)]
    [InlineData("320x180", "1280", 320)]                      // no rung suits it, so nothing is encoded
    public async Task Every_stream_has_a_picture(string size, string width, int expected)
    {
        MirrorServer server = fixture.Mirror;
        string stream = $"picture{size}";
        await using Tool push = Tool.Start("ffmpeg",
            $"-v error -re -f lavfi -i testsrc2=size={size}:rate=25 -c:v libx264 -preset ultrafast -g 12 -pix_fmt yuv420p -f mpegts", server.SrtUrl(stream));
        await server.WaitForPlaylistAsync(stream);
        byte[] jpeg = [];
        await Eventually.TrueAsync(async () =>
        {
            using HttpResponseMessage response = await server.Client.GetAsync(new Uri(server.Http, $"api/v1/streams/{stream}/iframe?width={width}"));
            jpeg = await response.Content.ReadAsByteArrayAsync();
            return response.IsSuccessStatusCode && response.Content.Headers.ContentType?.MediaType == "image/jpeg";
        }, "the stream has a picture");
        string file = Path.GetTempFileName();
        await File.WriteAllBytesAsync(file, jpeg);
        string probed = await Tool.RunAsync("ffprobe", $"-v error -f jpeg_pipe -show_entries stream=codec_name,width -of csv=p=0 {file}");
        Assert.Equal($"mjpeg,{expected}", probed.Trim());
        File.Delete(file);
    }

    internal static string RenditionUrl(MirrorServer server, string stream, string rendition) => new Uri(server.Http, $"live/{stream}/{rendition}/playlist.m3u8").ToString();

    internal static async Task WaitForRenditionAsync(MirrorServer server, string stream)
        => await Eventually.TrueAsync(async () =>
        {
            JsonNode? state = await server.GetStreamAsync(stream);
            return state?["transcode"]?["renditions"]?.AsArray().All(rendition => (bool)rendition!["up"]!) == true
                && state["transcode"]!["renditions"]!.AsArray().Count > 0;
        }, $"renditions of {stream} are up");

    internal static async Task<MediaPlaylistDocument> GetPlaylistAsync(MirrorServer server, string stream, string rendition)
        => MediaPlaylistParser.TryParse(await server.Client.GetStringAsync(RenditionUrl(server, stream, rendition)), out MediaPlaylistDocument? playlist, out string? error)
            ? playlist
            : throw new InvalidDataException(error);

    /// <summary>The encoder has come as far as the source did: on a busy machine that takes a moment.</summary>
    internal static async Task WaitForEndAsync(MirrorServer server, string stream, string rendition)
    {
        (long source, long encoded) = (0, 0);
        await Eventually.TrueAsync(async () =>
        {
            source = (await GetPlaylistAsync(server, stream, "source")).LastMsn;
            encoded = (await GetPlaylistAsync(server, stream, rendition)).LastMsn;
            return encoded == source;
        }, () => $"{rendition}, now at segment {encoded}, has come as far as its source, at {source}");
    }

    /// <summary>Each segment that both have starts at the same time and is as long.</summary>
    internal static async Task AssertSameSegmentsAsync(MirrorServer server, string stream, string one, string other)
    {
        Dictionary<long, TimedSegment> source = await TimedSegmentsAsync(server, stream, one);
        Dictionary<long, TimedSegment> rendition = await TimedSegmentsAsync(server, stream, other);
        long[] common = [.. source.Keys.Intersect(rendition.Keys).Order()];
        Assert.InRange(common.Length, source.Count - 1, source.Count);
        foreach (long msn in common.SkipLast(1))
        {
            Assert.False(rendition[msn].Entry.IsGap, $"{other} has a gap at {msn}");
            Assert.Equal(source[msn].Start, rendition[msn].Start, TimeSpan.FromMilliseconds(1.1));
            Assert.Equal((double)source[msn].Entry.Duration, (double)rendition[msn].Entry.Duration, 0.001);
        }
    }

    /// <summary>The segments by number, each with its date: its own, or what follows from the one before.</summary>
    private static async Task<Dictionary<long, TimedSegment>> TimedSegmentsAsync(MirrorServer server, string stream, string rendition)
    {
        var segments = new Dictionary<long, TimedSegment>();
        DateTime start = default;
        foreach (SegmentEntry entry in (await GetPlaylistAsync(server, stream, rendition)).Segments)
        {
            start = entry.ProgramDateTime ?? start;
            segments[entry.Msn] = new TimedSegment(entry, start);
            start += TimeSpan.FromSeconds((double)entry.Duration);
        }
        return segments;
    }

    private sealed record TimedSegment(SegmentEntry Entry, DateTime Start);
}
