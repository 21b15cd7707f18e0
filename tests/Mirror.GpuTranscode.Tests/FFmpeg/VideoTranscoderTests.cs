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
        Name = "360p",
        Width = 640,
        Height = 360,
        Bitrate = 400_000,
        PeakBitrate = 450_000,
        BufferSize = 800_000,
        Preset = "veryfast",
        Profile = "high",
        References = 1,
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

    [Theory]
    [InlineData(Film, 0)]
    [InlineData(FilmWithBFrames, 8)]                         // what the decoder holds back comes too late, and so do those that are shown before one that came first
    public void A_picture_that_is_missing_is_the_last_one_again(string words, int mayMiss)
    {
        SourceMedia media = SourceMedia.Make(words);
        var recording = new Recording(1);
        using var transcoder = new VideoTranscoder(media.Track, [Rung180], new TranscoderSettings(), recording);
        long[] times = [.. media.Units.Select(unit => unit.Pts90k).Order()];
        for (int i = 0; i < 30; i++) { transcoder.Decode(media.UnitAt(i, 0, startsSegment: i == 0)); }
        for (int i = 30; i < 50; i++) { transcoder.Decode(new SourceUnit { Timeline = 0, Pts90k = times[i], Dts90k = times[i], StartsSegment = i == 40, Payload = [] }); }
        for (int i = 50; i < 90; i++) { transcoder.Decode(media.UnitAt(i, 0, startsSegment: i == 60)); }     // the first refer to some that are missing
        transcoder.Drain();
        Assert.Empty(recording.Frames[0].Select(frame => frame.Pts90k).Except(times));
        Assert.InRange(recording.Frames[0].Count, 90 - mayMiss, 90);
        Assert.Equal([times[0], times[40], times[60]], recording.Frames[0].Where(frame => frame.IsKey).Select(frame => frame.Pts90k));
        Assert.Equal(recording.Frames[0].Count, recording.CountDecodable(0));
        Assert.Equal(0, transcoder.Figures.Errors);
    }

    [Theory]
    [InlineData("-x264-params intra-refresh=1:keyint=30 -bf 0")]
    [InlineData("-x264-params open-gop=1:keyint=15:min-keyint=15 -sc_threshold 0 -bf 2")]
    public void Streams_without_IDR_pictures_come_up_where_they_are_joined(string words)
    {
        SourceMedia media = SourceMedia.Make($"-f lavfi -i testsrc2=size=320x180:rate=30 -t 5 -c:v libx264 -preset ultrafast -pix_fmt yuv420p {words}");
        var recording = new Recording(1);
        using var transcoder = new VideoTranscoder(media.Track, [Rung180], new TranscoderSettings(), recording);
        const int Joined = 31;
        for (int i = Joined; i < media.Units.Count; i++) { transcoder.Decode(media.UnitAt(i, 0, startsSegment: i % 15 == 0 || i == Joined)); }
        transcoder.Drain();
        long[] times = [.. media.Units.Skip(Joined).Select(unit => unit.Pts90k).Order()];
        Recording.Frame first = recording.Frames[0][0];
        Assert.True(first.IsKey);
        Assert.InRange(first.Pts90k, times[0], times[0] + 2 * 90_000);
        Assert.Equal(times.Where(time => time >= first.Pts90k), recording.Frames[0].Select(frame => frame.Pts90k));
    }

    [Theory]
    [InlineData(Film)]
    [InlineData(FilmWithBFrames)]
    public void Pictures_that_start_segments_are_key_frames_of_every_rung_and_no_others_are(string words)
    {
        SourceMedia media = SourceMedia.Make(words);
        RungPlan capped = Rung180 with { LargestFrameRate = new Rational(10, 1) };
        var recording = new Recording(2);
        using var transcoder = new VideoTranscoder(media.Track, [Rung360, capped], new TranscoderSettings(), recording);
        bool StartsSegment(int i) => i is 0 or 7 or 30 or 31 or 55 or 89;
        media.FeedTo(transcoder, startsSegment: StartsSegment);
        transcoder.Drain();
        IEnumerable<long> starts = media.Units.Where((_, i) => StartsSegment(i)).Select(unit => unit.Pts90k).Order();
        Assert.Equal(starts, recording.Frames[0].Where(frame => frame.IsKey).Select(frame => frame.Pts90k));
        Assert.Equal(starts, recording.Frames[1].Where(frame => frame.IsKey).Select(frame => frame.Pts90k));
        Assert.InRange(recording.Frames[1].Count, 30, 36);
        Assert.Equal(90, recording.CountDecodable(0));
        Assert.Equal(recording.Frames[1].Count, recording.CountDecodable(1));
    }

    [Fact]
    public void Under_a_cap_each_segment_keeps_the_pictures_on_its_own_grid()
    {
        SourceMedia media = SourceMedia.Make(Film);
        var recording = new Recording(1);
        using var transcoder = new VideoTranscoder(media.Track, [Rung180 with { LargestFrameRate = new Rational(15, 1) }], new TranscoderSettings(), recording);
        media.FeedTo(transcoder, startsSegment: static i => i % 15 == 0);
        transcoder.Drain();
        long[] times = [.. media.Times];
        Assert.Equal(Enumerable.Range(0, 90).Where(i => i % 15 % 2 == 0).Select(i => times[i]), recording.Frames[0].Select(frame => frame.Pts90k));
        Assert.Equal(new Rational(15, 1), Assert.Single(recording.Tracks[0]).FrameRate);
    }

    [Fact]
    public void The_next_picture_starts_the_segment_whose_first_was_lost()
    {
        SourceMedia media = SourceMedia.Make(Film);
        var recording = new Recording(1);
        using var transcoder = new VideoTranscoder(media.Track, [Rung360], new TranscoderSettings(), recording);
        byte[] garbage = [0, 0, 0, 4, 0x41, 0xFF, 0xFF, 0xFF];
        for (int i = 0; i < media.Units.Count; i++)
        {
            if (i == 45) { transcoder.Decode(media.UnitAt(i, startsSegment: true) with { Payload = garbage }); }
            else { transcoder.Decode(media.UnitAt(i, startsSegment: i is 0)); }
        }
        transcoder.Drain();
        Assert.Equal([media.Units[0].Pts90k, media.Units[46].Pts90k], recording.Frames[0].Where(frame => frame.IsKey).Select(frame => frame.Pts90k));
        Assert.Equal(89, recording.Frames[0].Count);
        Assert.Equal(1, transcoder.Figures.FramesLost);
    }

    [Theory]
    [InlineData(Film, 0)]
    [InlineData(FilmWithBFrames, 0)]
    [InlineData(Film, 2)]
    public void After_a_drain_another_timeline_begins_with_nothing_missing(string words, int bFrames)
    {
        SourceMedia media = SourceMedia.Make(words);
        var recording = new Recording(1);
        using var transcoder = new VideoTranscoder(media.Track, [Rung360 with { BFrames = bFrames }], new TranscoderSettings(), recording);
        media.FeedTo(transcoder, timeline: 1);
        transcoder.Drain();
        Assert.Equal(90, recording.Frames[0].Count);
        media.FeedTo(transcoder, timeline: 2);                   // earlier times than the last
        media.FeedTo(transcoder, timeline: 3);                   // not even drained
        transcoder.Drain();
        for (int timeline = 1; timeline <= 3; timeline++)
        {
            Recording.Frame[] frames = [.. recording.Frames[0].Where(frame => frame.Timeline == timeline)];
            Assert.Equal(media.Times, frames.Select(frame => frame.Pts90k).Order());
            Assert.True(frames[0].IsKey);
            Assert.Equal(frames.Select(frame => frame.Dts90k).Order().Distinct(), frames.Select(frame => frame.Dts90k));
            Assert.All(frames, frame => Assert.True(frame.Dts90k <= frame.Pts90k));
            Assert.Equal(bFrames > 0, frames.Any(frame => frame.Dts90k < frame.Pts90k));
        }
        Assert.Equal(270, recording.CountDecodable(0));
        Assert.Equal(0, transcoder.Figures.Errors);
    }

    [Fact]
    public void Arrival_times_travel_with_their_pictures()
    {
        SourceMedia media = SourceMedia.Make(FilmWithBFrames);
        var recording = new Recording(1);
        using var transcoder = new VideoTranscoder(media.Track, [Rung360], new TranscoderSettings(), recording);
        media.FeedTo(transcoder);
        transcoder.Drain();
        Dictionary<long, long> received = media.Units.Select((unit, i) => (unit.Pts90k, Received: 1_000L + i)).ToDictionary(pair => pair.Pts90k, pair => pair.Received);
        Assert.All(recording.Frames[0], frame => Assert.Equal(received[frame.Pts90k], frame.ReceivedTimestamp));
    }

    [Theory]
    [InlineData(1, 45)]
    [InlineData(2, 30)]
    public void Under_overload_pictures_are_left_out_evenly(int skipLevel, int expected)
    {
        SourceMedia media = SourceMedia.Make(Film);
        var recording = new Recording(1);
        using var transcoder = new VideoTranscoder(media.Track, [Rung360], new TranscoderSettings(), recording) { SkipLevel = skipLevel };
        media.FeedTo(transcoder);
        transcoder.Drain();
        Assert.Equal(expected, recording.Frames[0].Count);
        Assert.Equal(90 - expected, transcoder.Figures.FramesSkipped);
        long[] gaps = [.. recording.Frames[0].Zip(recording.Frames[0].Skip(1), (a, b) => b.Pts90k - a.Pts90k).Distinct()];
        Assert.Equal([3_000L * (skipLevel + 1)], gaps);
        Assert.Equal(3, recording.Frames[0].Count(frame => frame.IsKey));
    }

    [Fact]
    public void The_decoder_leaves_out_what_it_is_told_to()
    {
        SourceMedia media = SourceMedia.Make(FilmWithBFrames);
        var recording = new Recording(1);
        using var transcoder = new VideoTranscoder(media.Track, [Rung360], new TranscoderSettings(), recording) { DecoderSkip = DecoderSkip.NonKey };
        media.FeedTo(transcoder, timeline: 1);
        transcoder.Drain();
        Assert.Equal(media.Units.Where(unit => unit.IsKey).Select(unit => unit.Pts90k), recording.Frames[0].Select(frame => frame.Pts90k));
        transcoder.DecoderSkip = DecoderSkip.NonReference;
        media.FeedTo(transcoder, timeline: 2);
        transcoder.Drain();
        Assert.InRange(recording.Frames[0].Count(frame => frame.Timeline == 2), 30, 89);
        transcoder.DecoderSkip = DecoderSkip.Nothing;
        media.FeedTo(transcoder, timeline: 3);
        transcoder.Drain();
        Assert.Equal(90, recording.Frames[0].Count(frame => frame.Timeline == 3));
    }

    [Fact]
    public void Nothing_comes_out_before_the_first_key_frame()
    {
        SourceMedia media = SourceMedia.Make(Film);
        var recording = new Recording(1);
        using var transcoder = new VideoTranscoder(media.Track, [Rung360], new TranscoderSettings(), recording);
        for (int i = 10; i < 60; i++) { transcoder.Decode(media.UnitAt(i)); }
        transcoder.Drain();
        Assert.Equal(media.Units[30..60].Select(unit => unit.Pts90k), recording.Frames[0].Select(frame => frame.Pts90k));
        Assert.True(recording.Frames[0][0].IsKey);
    }

    [Fact]
    public void Key_frames_come_at_the_interval_asked_for()
    {
        SourceMedia media = SourceMedia.Make(Film);
        var recording = new Recording(1);
        using var transcoder = new VideoTranscoder(media.Track, [Rung360 with { KeyFrameInterval = TimeSpan.FromMilliseconds(500) }], new TranscoderSettings(), recording);
        media.FeedTo(transcoder, startsSegment: static i => i == 0);
        Assert.Equal(Enumerable.Range(0, 6).Select(i => media.Units[15 * i].Pts90k), recording.Frames[0].Where(frame => frame.IsKey).Select(frame => frame.Pts90k));
    }

    [Fact]
    public void The_track_tells_what_the_rung_is()
    {
        SourceMedia media = SourceMedia.Make(Film);
        var recording = new Recording(1);
        using var transcoder = new VideoTranscoder(media.Track, [Rung360], new TranscoderSettings(), recording);
        media.FeedTo(transcoder);
        VideoTrack track = Assert.Single(recording.Tracks[0]);
        Assert.Equal((640, 360, new Rational(30, 1), new Rational(1, 1), new ColourDescription(1, 1, 1, false), "avc1.64001E"),
            (track.Width, track.Height, track.FrameRate, track.SampleAspectRatio, track.Colour, track.CodecString));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public void Hevc_comes_out_where_the_plan_says_so(int bFrames)
    {
        SourceMedia media = SourceMedia.Make(Film);
        var recording = new Recording(1);
        using var transcoder = new VideoTranscoder(media.Track, [Rung180 with { Codec = RungCodec.H265, Preset = "ultrafast", BFrames = bFrames }], new TranscoderSettings(), recording);
        media.FeedTo(transcoder, startsSegment: static i => i % 15 == 0);
        transcoder.Drain();
        Assert.Equal(media.Times, recording.Frames[0].Select(frame => frame.Pts90k).Order());
        Assert.Equal(bFrames > 0, recording.Frames[0].Exists(frame => frame.Dts90k < frame.Pts90k));
        Assert.All(recording.Frames[0], frame => Assert.True(frame.Dts90k <= frame.Pts90k));
        Assert.Equal(Enumerable.Range(0, 6).Select(i => media.Units[15 * i].Pts90k), recording.Frames[0].Where(frame => frame.IsKey).Select(frame => frame.Pts90k));
        VideoTrack track = Assert.Single(recording.Tracks[0]);
        Assert.Equal((Codec.H265, 320, 180, new ColourDescription(1, 1, 1, false)), (track.Codec, track.Width, track.Height, track.Colour));
        Assert.StartsWith("hvc1.1.6.L", track.CodecString, StringComparison.Ordinal);
        Assert.Equal(90, recording.CountDecodable(0));
    }

    [Fact]
    public void Av1_comes_out_where_the_plan_says_so()
    {
        SourceMedia media = SourceMedia.Make(Film);
        var recording = new Recording(1);
        using var transcoder = new VideoTranscoder(media.Track, [Rung180 with { Codec = RungCodec.Av1 }], new TranscoderSettings(), recording);
        for (int i = 0; i < media.Units.Count; i++)
        {
            transcoder.Decode(media.UnitAt(i, startsSegment: i % 15 == 0));
            Assert.Equal(i + 1, recording.Frames[0].Count);       // none is held back
        }
        Assert.Equal(media.Times, recording.Frames[0].Select(frame => frame.Pts90k));
        Assert.Equal(Enumerable.Range(0, 6).Select(i => media.Units[15 * i].Pts90k), recording.Frames[0].Where(frame => frame.IsKey).Select(frame => frame.Pts90k));
        VideoTrack track = Assert.Single(recording.Tracks[0]);
        Assert.Equal((Codec.Av1, 320, 180, new ColourDescription(1, 1, 1, false)), (track.Codec, track.Width, track.Height, track.Colour));
        Assert.StartsWith("av01.0.", track.CodecString, StringComparison.Ordinal);
        Assert.Equal(90, recording.CountDecodable(0));
    }

    [Fact]
    public void A_plan_of_another_shape_stretches_the_picture()
    {
        SourceMedia media = SourceMedia.Make(Film);
        var recording = new Recording(1);
        using var transcoder = new VideoTranscoder(media.Track, [Rung360 with { Width = 360, Bitrate = 4_000_000, PeakBitrate = 6_000_000, BufferSize = 6_000_000 }], new TranscoderSettings(), recording);
        media.FeedTo(transcoder);
        transcoder.Drain();
        Assert.InRange(OddSourceTests.Ssim(recording.Write(0), media.File, "scale=360:360"), 0.94, 1);
    }

    [Fact]
    public void A_setting_that_no_encoder_takes_is_told_at_once()
    {
        SourceMedia media = SourceMedia.Make(Film);
        FFmpegException error = Assert.Throws<FFmpegException>(() => new VideoTranscoder(media.Track, [Rung360 with { Preset = "warp" }], new TranscoderSettings(), new Recording(1)));
        Assert.Contains("libx264 for 360p", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Film)]
    [InlineData(FilmWithBFrames)]
    public void A_transcoder_that_takes_over_goes_on_after_the_last_frame_of_each_rung(string words)
    {
        SourceMedia media = SourceMedia.Make(words);
        long[] times = [.. media.Times];
        var recording = new Recording(2);
        using var transcoder = new VideoTranscoder(media.Track, [Rung360, Rung180], new TranscoderSettings(), recording);
        transcoder.ResumeAfter([new ResumePoint(0, times[40]), new ResumePoint(0, times[29])]);
        media.FeedTo(transcoder);
        transcoder.Drain();
        Assert.Equal(times[41..], recording.Frames[0].Select(frame => frame.Pts90k));
        Assert.Equal(times[30..], recording.Frames[1].Select(frame => frame.Pts90k));
        Assert.Equal([times[41], times[60]], recording.Frames[0].Where(frame => frame.IsKey).Select(frame => frame.Pts90k));
        Assert.Equal(49, recording.CountDecodable(0));
    }

    [Theory]
    [InlineData(TranscodeDevice.Gpu)]
    [InlineData(TranscodeDevice.GpuDecode)]
    internal void The_cpu_takes_over_from_a_gpu_that_is_not_there(TranscodeDevice device)
    {
        SourceMedia media = SourceMedia.Make(Film);
        var settings = new TranscoderSettings { Device = device, GpuIndex = 99 };
        var recording = new Recording(1);
        using var transcoder = new VideoTranscoder(media.Track, [Rung360], settings, recording);
        Assert.Equal(TranscodeDevice.Cpu, transcoder.Device);
        Assert.Contains("open GPU 99", transcoder.FallbackReason, StringComparison.Ordinal);
        media.FeedTo(transcoder);
        Assert.Equal(90, recording.Frames[0].Count);
        Assert.Throws<FFmpegException>(() => new VideoTranscoder(media.Track, [Rung360], settings with { AllowSoftwareFallback = false }, recording));
    }

    [Fact]
    public void Nothing_is_allocated_for_a_picture()
    {
        SourceMedia media = SourceMedia.Make(Film);
        var output = new Counter();
        using var transcoder = new VideoTranscoder(media.Track, [Rung360, Rung180], new TranscoderSettings(), output);
        media.FeedTo(transcoder);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < media.Units.Count; i++) { transcoder.Decode(media.UnitAt(i, startsSegment: media.Units[i].IsKey) with { Pts90k = media.Units[i].Pts90k + 270_000, Dts90k = media.Units[i].Dts90k + 270_000 }); }
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 8 * 1024);
        Assert.Equal(360, output.Frames);
    }

    private sealed class Counter : ITranscodeOutput
    {
        public int Frames { get; private set; }

        public void OnFormat(int rung, VideoTrack track)
        {
        }

        public void OnFrame(int rung, in EncodedFrame frame) => Frames++;
    }
}
