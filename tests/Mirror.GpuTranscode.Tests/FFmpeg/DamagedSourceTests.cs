using Mirror.GpuTranscode.FFmpeg;
using Mirror.Media.Frames;

namespace Mirror.GpuTranscode.Tests.FFmpeg;

/// <summary>Damaged and forged media costs pictures, never the transcoder.</summary>
public sealed class DamagedSourceTests
{
    private const string Film = "-f lavfi -i testsrc2=size=320x180:rate=25 -t 2 -c:v libx264 -preset veryfast -pix_fmt yuv420p -g 10 -bf 2";
    private const string Hevc = "-f lavfi -i testsrc2=size=320x180:rate=25 -t 2 -c:v libx265 -preset ultrafast -pix_fmt yuv420p -x265-params log-level=error:keyint=10";
    private const string Interlaced = "-f lavfi -i testsrc2=size=320x192:rate=50,interlace -t 2 -c:v libx264 -preset veryfast -pix_fmt yuv420p -g 10 -flags +ilme+ildct -x264-params tff=1";

    [Theory]
    [InlineData(Film)]
    [InlineData(Hevc)]
    [InlineData(Interlaced)]
    public void Flipped_bytes_lost_ends_and_repeats_are_survived(string words)
    {
        SourceMedia media = SourceMedia.Make(words);
        for (int seed = 0; seed < 6; seed++)
        {
            var random = new Random(seed);
            var recording = new Recording(1);
            using var transcoder = new VideoTranscoder(media.Track, [VideoTranscoderTests.Rung360 with { Preset = "ultrafast" }], new TranscoderSettings(), recording);
            for (int i = 0; i < media.Units.Count; i++)
            {
                transcoder.Decode(media.UnitAt(i, startsSegment: i % 10 == 0) with { Payload = Damage(media.Units[i].Payload, random) });
                if (random.Next(20) == 0) { transcoder.Decode(media.UnitAt(i)); }
            }
            transcoder.Drain();
            long[] times = [.. recording.Frames[0].Select(frame => frame.Pts90k)];
            Assert.Equal(times.Order().Distinct(), times);
            Assert.Equal(times.Length, recording.Frames[0].Count == 0 ? 0 : recording.CountDecodable(0));
            media.FeedTo(transcoder, timeline: 1);                // and it is as good as new
            transcoder.Drain();
            Assert.Equal(media.Times, recording.Frames[0].Where(frame => frame.Timeline == 1).Select(frame => frame.Pts90k));
        }
    }

    [Fact]
    public void A_picture_may_be_cut_anywhere()
    {
        SourceMedia media = SourceMedia.Make(Film);
        var recording = new Recording(1);
        using var transcoder = new VideoTranscoder(media.Track, [VideoTranscoderTests.Rung360 with { Preset = "ultrafast" }], new TranscoderSettings(), recording);
        byte[] picture = media.Units[1].Payload;
        for (int length = 0; length < picture.Length; length += 1 + picture.Length / 100)
        {
            transcoder.Decode(media.UnitAt(0, timeline: length));
            transcoder.Decode(media.UnitAt(1, timeline: length) with { Payload = picture.AsSpan(0, length) });
        }
        transcoder.Drain();
        Assert.All(recording.Frames[0].GroupBy(frame => frame.Timeline), frames => Assert.True(frames.First().IsKey));
        Assert.True(transcoder.Figures.Errors > 0);
    }

    [Fact]
    public void A_decoder_configuration_that_is_none_is_refused_or_leads_to_nothing()
    {
        SourceMedia media = SourceMedia.Make(Film);
        byte[] record = media.Track.DecoderConfiguration.ToArray();
        for (int seed = 0; seed < 30; seed++)
        {
            var random = new Random(seed);
            VideoTrack forged = media.Track with { DecoderConfiguration = Damage(record, random) };
            try
            {
                using var transcoder = new VideoTranscoder(forged, [VideoTranscoderTests.Rung360 with { Preset = "ultrafast" }], new TranscoderSettings(), new Recording(1));
                media.FeedTo(transcoder);
                transcoder.Drain();
            }
            catch (FFmpegException error)
            {
                Assert.Contains("open the decoder", error.Message, StringComparison.Ordinal);
            }
        }
    }

    [Fact]
    public void Times_that_do_not_rise_cost_the_picture()
    {
        SourceMedia media = SourceMedia.Make(Film);
        var recording = new Recording(1);
        using var transcoder = new VideoTranscoder(media.Track, [VideoTranscoderTests.Rung360 with { Preset = "ultrafast" }], new TranscoderSettings(), recording);
        for (int i = 0; i < media.Units.Count; i++)
        {
            long pts = i switch { 20 => 0, 25 => long.MaxValue / 2, 30 => long.MinValue + 1, _ => media.Units[i].Pts90k };
            transcoder.Decode(media.UnitAt(i) with { Pts90k = pts });
        }
        transcoder.Drain();
        long[] times = [.. recording.Frames[0].Select(frame => frame.Pts90k)];
        Assert.Equal(times.Order().Distinct(), times);
        media.FeedTo(transcoder, timeline: 1);
        transcoder.Drain();
        Assert.Equal(50, recording.Frames[0].Count(frame => frame.Timeline == 1));
    }

    /// <summary>Most pictures stay whole; of the others bytes change, or the end is missing.</summary>
    private static byte[] Damage(byte[] bytes, Random random)
    {
        byte[] damaged = [.. bytes];
        switch (random.Next(5))
        {
            case 0:
                for (int i = random.Next(1, 8); i > 0; i--) { damaged[random.Next(damaged.Length)] ^= (byte)(1 << random.Next(8)); }
                return damaged;
            case 1: return damaged[..random.Next(damaged.Length)];
            default: return damaged;
        }
    }
}
