using Mirror.GpuTranscode.Packaging;
using Mirror.Streams.Announcements;
using Mirror.Streams.Feed;

namespace Mirror.GpuTranscode.Tests.Packaging;

/// <summary>Pictures that come seldom, or at uneven times, as those of a screen or a time lapse do.</summary>
public sealed class UnevenFramesTests
{
    private const int Second = 90_000;

    [Theory]
    [InlineData(2000, 2000, 1)]                              // a time lapse
    [InlineData(1001, 1001, 4)]
    [InlineData(1560, 1640, 2)]                              // a screen
    [InlineData(40, 1440, 4)]
    [InlineData(40, 400, 10)]
    [InlineData(30, 36, 30)]                                 // jitter
    [InlineData(55, 145, 10)]
    public void Every_picture_is_delivered_and_dates_follow_durations(int shortest, int longest, int gop)
    {
        for (int seed = 1; seed <= 10; seed++)
        {
            var source = new Source(layout: new FeedLayout(HasVideo: true, HasAudio: false));
            var random = new Random(seed);
            long at = 900_000;
            for (int i = 0; at < 900_000 + 40 * Second; i++)
            {
                source.SendVideo(at, at, isKey: i % gop == 0);
                at += random.Next(shortest, longest + 1) * Second / 1000;
            }
            source.End();
            Recorder recorder = source.Recorder;
            List<ReadSample> samples = recorder.Samples(StreamPackager.VideoRendition);
            Assert.Equal(source.SentVideo.Select(sent => sent.Bytes), samples.Select(sample => sample.Bytes));
            Assert.Equal(source.SentVideo.Select(sent => sent.Pts90k - source.SentVideo[0].Pts90k), samples.Select(sample => sample.Presentation - samples[0].Presentation));
            AssertDatesFollowDurations(recorder);
            double target = recorder.Started(StreamPackager.VideoRendition).PartTarget.TotalSeconds;
            Assert.All(recorder.Parts(StreamPackager.VideoRendition), part => Assert.InRange((double)part.Duration / Second, 0, target + 0.00001));
        }
    }

    [Fact]
    public void A_rate_that_falls_loses_no_picture()
    {
        var source = new Source(layout: new FeedLayout(HasVideo: true, HasAudio: false));
        long at = 900_000;
        for (int i = 0; i < 200; i++, at += i is > 100 and < 110 ? 144_000 : 3600) { source.SendVideo(at, at, isKey: i % 25 == 0); }
        source.End();
        Assert.Equal(source.SentVideo.Count, source.Recorder.Samples(StreamPackager.VideoRendition).Count);
        AssertDatesFollowDurations(source.Recorder);
    }

    private static void AssertDatesFollowDurations(Recorder recorder)
    {
        DateTime? expected = null;
        foreach (Announcement announcement in recorder.Announcements)
        {
            (DateTime at, long duration)? part = announcement switch
            {
                PartReady ready => (ready.ProgramTime, ready.Duration),
                PartMissing missing => (missing.ProgramTime, missing.Duration),
                _ => null,
            };
            if (part is not { } known) { continue; }
            Assert.InRange((known.at - (expected ?? known.at)).TotalMilliseconds, -0.1, 0.1);
            expected = known.at + TimeSpan.FromSeconds((double)known.duration / Second);
        }
    }
}
