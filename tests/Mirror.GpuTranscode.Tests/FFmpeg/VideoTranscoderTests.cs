using Mirror.GpuTranscode.FFmpeg;
using Mirror.GpuTranscode.Ladder;
using Mirror.Media.Frames;

namespace Mirror.GpuTranscode.Tests.FFmpeg;

public sealed class VideoTranscoderTests
{
    private const string Film = "-f lavfi -i testsrc2=size=1280x720:rate=30 -t 3 -c:v libx264 -preset ultrafast -pix_fmt yuv420p -g 30 -keyint_min 30 -sc_threshold 0 -bf 0";
    private const string FilmWithBFrames = "-f lavfi -i testsrc2=size=1280x720:rate=30 -t 3 -c:v libx264 -preset veryfast -pix_fmt yuv420p -g 30 -keyint_min 30 -sc_threshold 0 -bf 2";

    internal static readonly RungPlan Rung360 = new()
    {
        Name = "360p", Width = 640, Height = 360, Bitrate = 400_000, PeakBitrate = 450_000, BufferSize = 800_000, Preset = "veryfast", Profile = "high", References = 1,
    };

    private static readonly RungPlan Rung180 = Rung360 with { Name = "180p", Width = 320, Height = 180, Bitrate = 150_000, PeakBitrate = 200_000, BufferSize = 300_000 };

    [Theory]
    [InlineData(Film)]
    [InlineData(FilmWithBFrames)]
    public void Every_picture_comes_out_of_every_rung_with_its_own_time(string words)
    {
        SourceMedia media = SourceMedia.Make(words);
        var recording = new Recording(2);
        using var transcoder = new VideoTranscoder(media.Track, [Rung360, Rung180], new TranscoderSettings(), recording);
        media.FeedTo(transcoder);
        transcoder.Drain();
        for (int rung = 0; rung < 2; rung++)
        {
            Assert.Equal(media.Times, recording.Frames[rung].Select(frame => frame.Pts90k));
            Assert.All(recording.Frames[rung], frame => Assert.Equal(frame.Pts90k, frame.Dts90k));
            Assert.Equal(media.Units.Where(unit => unit.IsKey).Select(unit => unit.Pts90k), recording.Frames[rung].Where(frame => frame.IsKey).Select(frame => frame.Pts90k));
            Assert.Equal(90, recording.CountDecodable(rung));
        }
        Assert.Equal(0, transcoder.Figures.Errors);
        Assert.Equal(0, transcoder.Figures.FramesLost);
    }
}
