using Mirror.GpuTranscode.FFmpeg;
using Mirror.Media.Frames;

namespace Mirror.GpuTranscode.Tests.FFmpeg;

public sealed class JpegTests
{
    private const string Film = "-f lavfi -i testsrc2=size=1280x720:rate=25 -t 2 -c:v libx264 -preset ultrafast -pix_fmt yuv420p -g 25";

    private static readonly Dictionary<string, (string Words, string Size)> Cases = new()
    {
        ["H.264"] = (Film, "640,360"),
        ["HEVC 10 bit"] = ("-f lavfi -i testsrc2=size=640x360:rate=25 -t 1 -pix_fmt yuv420p10le -c:v libx265 -preset ultrafast -x265-params log-level=error", "640,360"),
        ["PQ"] = ("-f lavfi -i testsrc2=size=640x360:rate=25 -t 1 -pix_fmt yuv420p10le -c:v libx265 -preset ultrafast -x265-params log-level=error:colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc", "640,360"),
        ["interlaced"] = ("-f lavfi -i testsrc2=size=720x576:rate=50,interlace,setsar=64/45 -t 1 -pix_fmt yuv420p -c:v libx264 -preset ultrafast -flags +ilme+ildct -x264-params tff=1", "640,360"),
        ["turned"] = ("-f lavfi -i testsrc2=size=640x360:rate=25 -t 1 -pix_fmt yuv420p -c:v libx264 -preset ultrafast -bsf:v h264_metadata=display_orientation=insert:rotate=90", "360,640"),
        ["smaller than asked"] = ("-f lavfi -i testsrc2=size=321x181:rate=25 -t 1 -pix_fmt yuv444p -c:v libx264 -preset ultrafast", "320,180"),
    };

    public static TheoryData<string> CaseNames => new(Cases.Keys);

    [Theory, MemberData(nameof(CaseNames))]
    public void A_key_frame_becomes_a_picture(string name)
    {
        SourceMedia media = SourceMedia.Make(Cases[name].Words);
        byte[]? jpeg = VideoTranscoder.KeyFrameJpeg(media.Track, media.Units[0].Payload, 640);
        Assert.Equal(Cases[name].Size, SizeOf(jpeg));
    }

    [Fact]
    public void The_newest_key_frame_that_was_decoded_becomes_a_picture()
    {
        SourceMedia media = SourceMedia.Make(Film);
        using var transcoder = new VideoTranscoder(media.Track, [VideoTranscoderTests.Rung360], new TranscoderSettings(), new Recording(1));
        Assert.Null(transcoder.SnapshotJpeg(640));
        transcoder.Decode(media.UnitAt(0));
        byte[]? first = transcoder.SnapshotJpeg(640);
        Assert.Equal("640,360", SizeOf(first));
        media.FeedTo(transcoder, timeline: 1);
        byte[]? newest = transcoder.SnapshotJpeg(640);
        Assert.Equal(VideoTranscoder.KeyFrameJpeg(media.Track, media.Units[25].Payload, 640), newest);
        Assert.NotEqual(first, newest);
        transcoder.Drain();
        Assert.Equal(newest, transcoder.SnapshotJpeg(640));
    }

    [Fact]
    public void The_picture_has_the_colours_of_the_source()
    {
        SourceMedia media = SourceMedia.Make(Film);
        string jpeg = SourceMedia.NewFile("jpg");
        File.WriteAllBytes(jpeg, VideoTranscoder.KeyFrameJpeg(media.Track, media.Units[0].Payload, 1280)!);
        Assert.InRange(OddSourceTests.Ssim(jpeg, media.File, "trim=end_frame=1,scale=in_color_matrix=bt709:out_color_matrix=bt601:out_range=full,format=yuvj420p"), 0.95, 1);
    }

    [Fact]
    public void What_cannot_be_decoded_is_no_picture()
    {
        SourceMedia media = SourceMedia.Make(Film);
        Assert.Null(VideoTranscoder.KeyFrameJpeg(media.Track, [], 640));
        Assert.Null(VideoTranscoder.KeyFrameJpeg(media.Track, [0, 0, 0, 2, 0x65, 0xFF], 640));
        Assert.Null(VideoTranscoder.KeyFrameJpeg(media.Track with { DecoderConfiguration = new byte[] { 1, 2, 3 } }, media.Units[0].Payload, 640));
    }

    private static string SizeOf(byte[]? jpeg)
    {
        Assert.NotNull(jpeg);
        string file = SourceMedia.NewFile("jpg");
        File.WriteAllBytes(file, jpeg);
        Assert.Equal("", FFmpegProgram.Run($"-xerror -i {file} -f null -"));
        return FFmpegProgram.Probe($"-show_entries stream=width,height -of csv=p=0 {file}")[0];
    }
}
