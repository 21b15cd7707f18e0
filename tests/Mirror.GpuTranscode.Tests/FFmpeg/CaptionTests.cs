using Mirror.GpuTranscode.FFmpeg;
using Mirror.GpuTranscode.Ladder;
using Mirror.Media.Frames;
using Mirror.Media.Tests.Codecs.Captions;

namespace Mirror.GpuTranscode.Tests.FFmpeg;

/// <summary>Captions within the source's pictures: each goes with its picture into every rung, once.</summary>
public sealed class CaptionTests
{
    private const int Pictures = 60;
    private const string H264 = "-f lavfi -i testsrc2=size=640x360:rate=30 -t 2 -c:v libx264 -preset ultrafast -pix_fmt yuv420p -g 30 -keyint_min 30 -sc_threshold 0 -bf 0";
    private const string BFrames = "-f lavfi -i testsrc2=size=640x360:rate=30 -t 2 -c:v libx264 -preset veryfast -pix_fmt yuv420p -g 30 -keyint_min 30 -sc_threshold 0 -bf 2";
    private const string Interlaced = "-f lavfi -i testsrc2=size=640x360:rate=30 -t 2 -c:v libx264 -preset veryfast -pix_fmt yuv420p -g 30 -keyint_min 30 -sc_threshold 0 -bf 0 -flags +ilme+ildct -x264-params tff=1";
    private const string Hevc = "-f lavfi -i testsrc2=size=640x360:rate=30 -t 2 -c:v libx265 -preset ultrafast -pix_fmt yuv420p -x265-params keyint=30:min-keyint=30:scenecut=0:bframes=2:log-level=error";
    private static readonly RungPlan Large = VideoTranscoderTests.Rung360;
    private static readonly RungPlan Small = Large with { Name = "180p", Width = 320, Height = 180, Bitrate = 150_000, PeakBitrate = 200_000, BufferSize = 300_000 };
    private static readonly RungPlan Capped = Small with { LargestFrameRate = new Rational(10, 1) };

    [Theory]
    [InlineData(H264)]
    [InlineData(BFrames)]
    [InlineData(Interlaced)]
    [InlineData(Hevc)]
    public void Every_rung_has_the_captions_of_each_picture(string words)
    {
        RungPlan hevc = Small with { Name = "hevc", Codec = RungCodec.H265 };
        Recording recording = Transcode(words, [Large, Small, Large with { Name = "b", BFrames = 2 }, hevc]);
        for (int rung = 0; rung < 4; rung++)
        {
            IEnumerable<Recording.Frame> shown = recording.Frames[rung].OrderBy(frame => frame.Pts90k);
            Assert.Equal(Enumerable.Range(0, Pictures).Select(Captions), shown.Select(frame => CaptionBytes.TripletsOf(frame.Payload)));
            Assert.Equal(Pictures, recording.CountDecodable(rung));
            string[] told = FFmpegProgram.Probe($"-show_entries frame_side_data=side_data_type -of csv=p=0 {recording.Write(rung)}");
            Assert.Equal(Pictures, told.Count(static line => line.Contains("Closed Captions", StringComparison.Ordinal)));
        }
    }

    [Theory]
    [InlineData(H264)]
    [InlineData(BFrames)]
    [InlineData(Interlaced)]
    public void Captions_of_a_picture_that_is_left_out_go_with_the_next(string words)
    {
        Recording recording = Transcode(words, [Large with { LargestFrameRate = new Rational(15, 1) }, Small, Capped]);
        Assert.InRange(recording.Frames[2].Count, Pictures / 3, Pictures / 3 + 3);
        for (int rung = 0; rung < 3; rung++) { AssertComplete(recording, rung); }
    }

    [Fact]
    public void Captions_are_kept_under_overload()
    {
        Recording recording = Transcode(H264, [Small], skipLevel: 2);
        Assert.InRange(recording.Frames[0].Count, Pictures / 3, Pictures / 3 + 3);
        AssertComplete(recording, 0);
    }

    [Fact]
    public void A_picture_that_is_shown_again_has_no_captions()
    {
        Recording recording = Transcode(H264, [Small], isMissing: static i => i is >= 20 and < 30);
        Assert.Equal(Pictures, recording.Frames[0].Count);
        Assert.Equal(
            Enumerable.Range(0, Pictures).Where(i => i is < 20 or >= 30).SelectMany(Captions),
            recording.Frames[0].SelectMany(frame => CaptionBytes.TripletsOf(frame.Payload)));
    }

    /// <summary>A message holds 31 pairs: what is more waits for the next picture.</summary>
    [Fact]
    public void More_captions_than_a_message_holds_are_spread()
    {
        Recording recording = Transcode(H264, [Capped], perPicture: 12);
        List<byte[]> all = [.. recording.Frames[0].Select(frame => CaptionBytes.TripletsOf(frame.Payload))];
        Assert.All(all, triplets => Assert.InRange(triplets.Length, 3, 31 * 3));
        byte[] joined = [.. all.SelectMany(static triplets => triplets)];
        byte[] sent = [.. Enumerable.Range(0, Pictures).SelectMany(i => Enumerable.Repeat(Captions(i), 6).SelectMany(static bytes => bytes))];
        Assert.Equal(sent[..joined.Length], joined);
        Assert.True(joined.Length > sent.Length * 3 / 4);
    }

    /// <summary>Two pairs that no other picture has.</summary>
    private static byte[] Captions(int index)
        => [.. CaptionBytes.Line21(0, 0x20 + index % 64, 0x41), .. CaptionBytes.Line21(1, 0x30 + index / 64, 0x42 + index % 32)];

    private static void AssertComplete(Recording recording, int rung)
    {
        byte[] joined = [.. recording.Frames[rung].SelectMany(frame => CaptionBytes.TripletsOf(frame.Payload))];
        byte[] sent = [.. Enumerable.Range(0, Pictures).SelectMany(Captions)];
        Assert.InRange(joined.Length, sent.Length - 3 * Captions(0).Length, sent.Length);              // none follows the last that are left out
        Assert.Equal(sent[..joined.Length], joined);
    }

    private static Recording Transcode(string words, RungPlan[] rungs, int skipLevel = 0, Func<int, bool>? isMissing = null, int perPicture = 2)
    {
        SourceMedia media = SourceMedia.Make(words);
        var recording = new Recording(rungs.Length);
        using var transcoder = new VideoTranscoder(media.Track, rungs, new TranscoderSettings(), recording) { SkipLevel = skipLevel };
        long[] times = [.. media.Times];
        for (int i = 0; i < media.Units.Count; i++)
        {
            SourceUnit unit = media.UnitAt(i, startsSegment: i % 30 == 0);
            byte[] captions = [.. Enumerable.Repeat(Captions(Array.IndexOf(times, unit.Pts90k)), perPicture / 2).SelectMany(static bytes => bytes)];
            byte[] sei = CaptionBytes.Sample(CaptionBytes.Sei(CaptionBytes.Message(captions), isHevc: media.Track.Codec == Codec.H265));
            bool isGone = isMissing?.Invoke(i) ?? false;
            transcoder.Decode(new SourceUnit
            {
                Timeline = 0,
                Pts90k = unit.Pts90k,
                Dts90k = unit.Dts90k,
                StartsSegment = unit.StartsSegment,
                ReceivedTimestamp = unit.ReceivedTimestamp,
                Payload = isGone ? [] : [.. sei, .. unit.Payload],
            });
        }
        transcoder.Drain();
        Assert.Equal(0, transcoder.Figures.Errors);
        return recording;
    }
}
