using System.Globalization;
using System.Text.RegularExpressions;
using Mirror.GpuTranscode.FFmpeg;
using Mirror.GpuTranscode.Ladder;
using Mirror.Media.Frames;

namespace Mirror.GpuTranscode.Tests.FFmpeg;

/// <summary>Sources of every kind that encoders send: each comes out whole, upright, in shape and in colour.</summary>
public sealed class OddSourceTests
{
    private const string X264 = "-c:v libx264 -preset ultrafast -g 25 -bf 0";
    private const string Hdr = "-f lavfi -i testsrc2=size=640x360:rate=25 -t 2 -pix_fmt yuv420p10le -c:v libx265 -preset ultrafast -x265-params log-level=error:keyint=25:";

    private static readonly Dictionary<string, (string Words, int Frames)> Cases = new()
    {
        ["odd width and height"] = ($"-f lavfi -i testsrc2=size=853x479:rate=25 -t 2 -pix_fmt yuv444p {X264}", 50),
        ["smaller than the rung"] = ($"-f lavfi -i testsrc2=size=160x90:rate=25 -t 2 -pix_fmt yuv420p {X264}", 50),
        ["portrait"] = ($"-f lavfi -i testsrc2=size=360x640:rate=25 -t 2 -pix_fmt yuv420p {X264}", 50),
        ["4:2:2"] = ($"-f lavfi -i testsrc2=size=640x360:rate=25 -t 2 -pix_fmt yuv422p {X264}", 50),
        ["4:2:2 10 bit"] = ($"-f lavfi -i testsrc2=size=640x360:rate=25 -t 2 -pix_fmt yuv422p10le {X264}", 50),
        ["4:4:4"] = ($"-f lavfi -i testsrc2=size=640x360:rate=25 -t 2 -pix_fmt yuv444p {X264}", 50),
        ["monochrome"] = ($"-f lavfi -i testsrc2=size=640x360:rate=25 -t 2 -pix_fmt gray {X264}", 50),
        ["full range"] = ($"-f lavfi -i testsrc2=size=640x360:rate=25 -t 2 -pix_fmt yuvj420p {X264}", 50),
        ["interlaced"] = ($"-f lavfi -i testsrc2=size=720x576:rate=50,interlace -t 2 -pix_fmt yuv420p {X264} -flags +ilme+ildct -x264-params tff=1", 50),
        ["interlaced with B-frames"] = ("-f lavfi -i testsrc2=size=720x576:rate=50,interlace -t 2 -pix_fmt yuv420p -c:v libx264 -preset veryfast -g 25 -bf 2 -flags +ilme+ildct -x264-params tff=1", 50),
        ["variable frame rate"] = ($"-f lavfi -i testsrc2=size=640x360:rate=50 -t 2 -vf select='not(mod(n\\,3))+not(mod(n\\,7))' -vsync passthrough -enc_time_base 1:90000 -pix_fmt yuv420p {X264}", 44),
        ["B-pyramid"] = ("-f lavfi -i testsrc2=size=640x360:rate=25 -t 2 -pix_fmt yuv420p -c:v libx264 -preset medium -g 25 -bf 8 -b_strategy 0", 50),
        ["many slices"] = ("-f lavfi -i testsrc2=size=640x360:rate=25 -t 2 -pix_fmt yuv420p -c:v libx264 -preset ultrafast -g 25 -x264-params slices=8", 50),
        ["HEVC"] = ("-f lavfi -i testsrc2=size=640x360:rate=25 -t 2 -pix_fmt yuv420p -c:v libx265 -preset ultrafast -x265-params log-level=error:keyint=25", 50),
        ["HEVC with open GOPs"] = ("-f lavfi -i testsrc2=size=640x360:rate=25 -t 2 -pix_fmt yuv420p -c:v libx265 -preset medium -x265-params log-level=error:keyint=25:open-gop=1:bframes=3", 50),
        ["HEVC 10 bit"] = ("-f lavfi -i testsrc2=size=640x360:rate=25 -t 2 -pix_fmt yuv420p10le -c:v libx265 -preset ultrafast -x265-params log-level=error:keyint=25", 50),
        ["MPEG-2"] = ("-f lavfi -i testsrc2=size=720x576:rate=25 -t 2 -pix_fmt yuv420p -c:v mpeg2video -b:v 4M -g 12 -bf 2", 50),
        ["MPEG-2 interlaced"] = ("-f lavfi -i testsrc2=size=720x576:rate=50,interlace -t 2 -pix_fmt yuv420p -c:v mpeg2video -b:v 4M -g 12 -flags +ilme+ildct", 50),
        ["AV1"] = ("-f lavfi -i testsrc2=size=640x360:rate=25 -t 2 -pix_fmt yuv420p -c:v libaom-av1 -usage realtime -cpu-used 8 -g 25", 50),
        ["AV1 10 bit with reordering"] = ("-f lavfi -i testsrc2=size=640x360:rate=25 -t 2 -pix_fmt yuv420p10le -c:v libsvtav1 -preset 12 -g 25", 50),
        ["PQ"] = (Hdr + "colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc", 50),
        ["HLG"] = (Hdr + "colorprim=bt2020:transfer=arib-std-b67:colormatrix=bt2020nc", 50),
        ["BT.2020 without HDR"] = (Hdr + "colorprim=bt2020:transfer=bt2020-10:colormatrix=bt2020nc", 50),
        ["samples that are not square"] = ($"-f lavfi -i testsrc2=size=720x576:rate=25,setsar=64/45 -t 2 -pix_fmt yuv420p {X264}", 50),
        ["turned"] = ($"-f lavfi -i testsrc2=size=640x360:rate=25 -t 2 -pix_fmt yuv420p {X264} -bsf:v h264_metadata=display_orientation=insert:rotate=90", 50),
    };

    private static readonly RungPlan Rung360 = VideoTranscoderTests.Rung360;

    public static TheoryData<string> CaseNames => new(Cases.Keys);

    [Theory, MemberData(nameof(CaseNames))]
    public void Every_picture_comes_out_and_decodes(string name)
    {
        SourceMedia media = SourceMedia.Make(Cases[name].Words);
        Recording recording = Transcode(media);
        Assert.Equal(Cases[name].Frames, media.Units.Count);
        Assert.Equal(media.Times, recording.Frames[0].Select(frame => frame.Pts90k));
        Assert.Equal(Cases[name].Frames, recording.CountDecodable(0));
        ColourDescription colour = Assert.Single(recording.Tracks[0]).Colour;
        Assert.False(colour.FullRange);
        Assert.InRange(colour.Transfer, 1, 7);
    }

    private static readonly Dictionary<string, string> Alike = new()
    {
        ["4:2:2 10 bit"] = "",
        ["full range"] = "scale=in_range=full:out_range=limited,",
        ["HEVC 10 bit"] = "",
        ["odd width and height"] = "",
        ["portrait"] = "",
        ["turned"] = "transpose=cclock,scale=202:360,pad=640:360:-1:-1,",
        ["samples that are not square"] = "scale=640:360,",
        ["interlaced"] = "yadif,",
    };

    public static TheoryData<string> AlikeNames => new(Alike.Keys);

    /// <summary>Beside what the ffmpeg program makes of the same source with its own filters.</summary>
    [Theory, MemberData(nameof(AlikeNames))]
    public void The_picture_is_that_of_the_source(string name)
    {
        SourceMedia media = SourceMedia.Make(Cases[name].Words);
        Recording recording = Transcode(media, Rung360 with { Bitrate = 4_000_000, PeakBitrate = 6_000_000, BufferSize = 6_000_000 });
        Assert.InRange(Ssim(recording.Write(0), media.File, $"{Alike[name]}scale=640:360,format=yuv420p"), 0.94, 1);
    }

    /// <summary>A grey of 100 cd/m² in PQ is white in SDR; untouched it would come out as a mid grey.</summary>
    [Fact]
    public void High_dynamic_range_is_mapped_to_standard()
    {
        // Code 520 of 1023 in PQ stands for about 105 cd/m².
        SourceMedia media = SourceMedia.Make("-f lavfi -i color=size=640x360:rate=25,format=yuv420p10le,geq=lum=520:cb=512:cr=512 -t 1 -c:v libx265 -preset ultrafast "
            + "-x265-params log-level=error:keyint=25:colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc");
        Recording recording = Transcode(media);
        Assert.Equal(new ColourDescription(1, 1, 1, false), Assert.Single(recording.Tracks[0]).Colour);
        double luma = MeanLuma(recording.Write(0));
        Assert.InRange(luma, 150, 235);
    }

    [Fact]
    public void Sizes_may_change_within_a_timeline()
    {
        SourceMedia large = SourceMedia.Make($"-f lavfi -i testsrc2=size=1280x720:rate=25 -t 2 -pix_fmt yuv420p {X264}");
        SourceMedia small = SourceMedia.Make($"-f lavfi -i testsrc2=size=720x576:rate=25 -t 2 -pix_fmt yuv422p {X264}");
        var recording = new Recording(1);
        using var transcoder = new VideoTranscoder(large.Track, [Rung360], new TranscoderSettings(), recording);
        large.FeedTo(transcoder);
        transcoder.ChangeSource(small.Track);
        long offset = large.Units[^1].Pts90k + 3_600 - small.Units[0].Pts90k;
        for (int i = 0; i < small.Units.Count; i++) { transcoder.Decode(Shifted(small, i, offset)); }
        transcoder.ChangeSource(large.Track);
        for (int i = 0; i < large.Units.Count; i++) { transcoder.Decode(Shifted(large, i, 2 * offset)); }
        transcoder.Drain();
        Assert.Equal(150, recording.Frames[0].Count);
        Assert.Equal(150, recording.CountDecodable(0));
        Assert.Equal(0, transcoder.Figures.Errors);
    }

    [Fact]
    public void Interlacing_may_begin_within_a_timeline()
    {
        SourceMedia progressive = SourceMedia.Make($"-f lavfi -i testsrc2=size=720x576:rate=25 -t 2 -pix_fmt yuv420p {X264}");
        SourceMedia interlaced = SourceMedia.Make(Cases["interlaced"].Words);
        var recording = new Recording(1);
        using var transcoder = new VideoTranscoder(progressive.Track, [Rung360], new TranscoderSettings(), recording);
        progressive.FeedTo(transcoder);
        transcoder.ChangeSource(interlaced.Track);
        for (int i = 0; i < interlaced.Units.Count; i++) { transcoder.Decode(Shifted(interlaced, i, 180_000)); }
        transcoder.ChangeSource(progressive.Track);
        for (int i = 0; i < progressive.Units.Count; i++) { transcoder.Decode(Shifted(progressive, i, 360_000)); }
        transcoder.Drain();
        Assert.Equal(150, recording.Frames[0].Count);
        Assert.Equal(recording.Frames[0].Select(frame => frame.Pts90k).Order(), recording.Frames[0].Select(frame => frame.Pts90k));
        Assert.Equal(150, recording.CountDecodable(0));
    }

    private static SourceUnit Shifted(SourceMedia media, int index, long offset)
    {
        SourceMedia.Unit unit = media.Units[index];
        return new SourceUnit { Timeline = 0, Pts90k = unit.Pts90k + offset, Dts90k = unit.Dts90k + offset, StartsSegment = unit.IsKey, Payload = unit.Payload };
    }

    private static Recording Transcode(SourceMedia media, RungPlan? plan = null)
    {
        var recording = new Recording(1);
        using var transcoder = new VideoTranscoder(media.Track, [plan ?? Rung360], new TranscoderSettings(), recording);
        media.FeedTo(transcoder);
        transcoder.Drain();
        Assert.Equal(0, transcoder.Figures.Errors);
        return recording;
    }

    internal static double Ssim(string encoded, string source, string filters)
    {
        string log = FFmpegProgram.Run($"-noautorotate -i {encoded} -noautorotate -i {source} -lavfi [0:v]settb=1/90000,setpts=N[a];[1:v]{filters},settb=1/90000,setpts=N[b];[a][b]ssim -f null -", "info");
        return double.Parse(Regex.Match(log, @"SSIM .*All:([0-9.]+)").Groups[1].Value, CultureInfo.InvariantCulture);
    }

    private static double MeanLuma(string file)
    {
        string log = FFmpegProgram.Run($"-i {file} -vf signalstats,metadata=print:key=lavfi.signalstats.YAVG -f null -", "info");
        return Regex.Matches(log, @"YAVG=([0-9.]+)").Select(match => double.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture)).Average();
    }
}
