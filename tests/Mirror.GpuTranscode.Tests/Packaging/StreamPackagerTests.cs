using Mirror.GpuTranscode.Packaging;
using Mirror.Media.Frames;
using Mirror.Streams.Announcements;
using Mirror.Streams.Feed;

namespace Mirror.GpuTranscode.Tests.Packaging;

public sealed class StreamPackagerTests
{
    private static readonly Rational Fps30 = new(30, 1);

    private static readonly Dictionary<string, (Rational Rate, int Gop, double PartTarget, int PartsPerSegment, int TargetDuration)> Grids = new()
    {
        ["25 fps, GOP 12"] = (new(25, 1), 12, 0.120, 4, 1),
        ["25 fps, GOP 25"] = (new(25, 1), 25, 0.120, 9, 1),
        ["25 fps, GOP 50"] = (new(25, 1), 50, 0.120, 17, 2),
        ["29.97 fps, GOP 15"] = (new(30_000, 1001), 15, 0.101, 5, 1),
        ["30 fps, GOP 15"] = (Fps30, 15, 0.100, 5, 1),
        ["30 fps, GOP 60"] = (Fps30, 60, 0.100, 20, 2),
        ["50 fps, GOP 25"] = (new(50, 1), 25, 0.100, 5, 1),
        ["59.94 fps, GOP 30"] = (new(60_000, 1001), 30, 0.101, 5, 1),
        ["60 fps, GOP 30"] = (new(60, 1), 30, 0.100, 5, 1),
        ["24 fps, GOP 12"] = (new(24, 1), 12, 0.125, 4, 1),
    };

    public static TheoryData<string> GridNames => new(Grids.Keys);

    [Theory, MemberData(nameof(GridNames))]
    public void Parts_follow_the_frame_grid(string name)
    {
        (Rational rate, int gop, double partTarget, int partsPerSegment, int targetDuration) = Grids[name];
        var source = new Source();
        source.Send(12, rate, gop);
        source.End();

        RenditionStarted started = source.Recorder.Started(StreamPackager.VideoRendition);
        Assert.Equal(partTarget, started.PartTarget.TotalSeconds, 6);
        Assert.Equal(targetDuration, started.TargetDuration);
        List<List<PartReady>> segments = source.Recorder.Segments(StreamPackager.VideoRendition);
        Assert.All(segments.SkipLast(1), segment => Assert.Equal(partsPerSegment, segment.Count));
        Assert.All(segments, segment => Assert.True(segment[0].IsIndependent));
        AssertPartRules(source.Recorder, StreamPackager.VideoRendition);
        AssertPartRules(source.Recorder, StreamPackager.AudioRendition);
        AssertExactTimes(source);
    }

    [Theory, InlineData(0), InlineData(2)]
    public void Samples_keep_their_presentation_times_and_bytes(int bFrames)
    {
        var source = new Source();
        source.Send(6, new Rational(60_000, 1001), 30, bFrames: bFrames);
        source.End();
        AssertExactTimes(source);
        Assert.Equal(source.SentVideo.Select(sent => sent.Bytes), source.Recorder.Samples(StreamPackager.VideoRendition).Select(sample => sample.Bytes));
    }

    [Fact]
    public void A_regular_encoders_last_part_says_that_it_is_the_last()
    {
        var source = new Source();
        source.Send(10, Fps30, 15);
        source.Packager.Interrupt();
        int closedLate = source.Recorder.Announcements.OfType<SegmentClosed>().Count(closed => closed.Rendition.Rendition == StreamPackager.VideoRendition);
        Assert.InRange(closedLate, 0, 5);   // only while the rhythm was learnt
        List<List<PartReady>> segments = source.Recorder.Segments(StreamPackager.VideoRendition);
        Assert.All(segments.Skip(6), segment => Assert.True(segment[^1].EndsSegment));
        source.End();
    }

    [Fact]
    public void Audio_is_cut_at_the_first_frame_at_or_after_each_video_cut()
    {
        var source = new Source();
        source.Send(10, new Rational(25, 1), 12);
        source.End();
        List<List<PartReady>> video = source.Recorder.Segments(StreamPackager.VideoRendition);
        List<List<PartReady>> audio = source.Recorder.Segments(StreamPackager.AudioRendition);
        foreach ((List<PartReady> picture, List<PartReady> sound) in video.Zip(audio).Skip(1))
        {
            Assert.Equal(picture[0].Msn, sound[0].Msn);
            TimeSpan late = sound[0].ProgramTime - picture[0].ProgramTime;
            Assert.InRange(late.TotalMilliseconds, -0.1, 21.4);
        }
    }

    [Theory, InlineData(-45_000), InlineData(0), InlineData(30_000)]
    public void Audio_that_leads_or_lags_stays_aligned(int lag90k)
    {
        var source = new Source();
        source.Send(10, Fps30, 15, audioLag90k: lag90k);
        source.End();
        var starts = source.Recorder.Segments(StreamPackager.AudioRendition).ToDictionary(segment => segment[0].Msn, segment => segment[0].ProgramTime);
        foreach (List<PartReady> picture in source.Recorder.Segments(StreamPackager.VideoRendition).Skip(8).SkipLast(2))
        {
            Assert.InRange((starts[picture[0].Msn] - picture[0].ProgramTime).TotalMilliseconds, -0.1, 21.4);
        }
    }

    [Fact]
    public void A_scene_cut_within_the_rhythm_moves_the_cuts_with_the_key_frames()
    {
        var source = new Source();
        long dts = 900_000;
        int sinceKey = 0;
        for (int i = 0; i < 600; i++, dts += 3000, sinceKey++)
        {
            if (i is 308 or 441 || sinceKey == 15) { sinceKey = 0; }   // a key frame out of turn; the distance counts anew from it
            source.SendVideo(dts, dts, sinceKey == 0);
            if (i % 2 == 0) { source.SendAudio(900_000 + i / 2 * 1920); }
        }
        source.End();
        Assert.All(source.Recorder.Segments(StreamPackager.VideoRendition), segment => Assert.True(segment[0].IsIndependent));
        AssertPartRules(source.Recorder, StreamPackager.VideoRendition);
    }

    [Fact]
    public void A_publisher_that_returns_continues_the_numbers_behind_one_discontinuity()
    {
        var source = new Source();
        source.Send(5, Fps30, 15);
        source.Packager.Interrupt();
        source.Send(5, Fps30, 15, from90k: 90_000, discontinuity: true);
        source.End();
        foreach (string rendition in new[] { StreamPackager.VideoRendition, StreamPackager.AudioRendition })
        {
            Assert.Single(source.Recorder.Parts(rendition), part => part.StartsDiscontinuity);
            long[] numbers = [.. source.Recorder.Segments(rendition).Select(segment => segment[0].Msn)];
            Assert.Equal(Enumerable.Range(0, numbers.Length).Select(i => numbers[0] + i), numbers);
            Assert.Single(source.Recorder.Announcements.OfType<RenditionStarted>(), started => started.Rendition.Rendition == rendition);
        }
    }

    [Fact]
    public void A_new_resolution_gets_a_new_init_and_a_discontinuity_in_both_renditions()
    {
        var source = new Source();
        source.Send(3, Fps30, 15);
        source.Video = Source.VideoOf(640, 360);
        source.Send(3, Fps30, 15, from90k: 900_000 + 3 * 90_000);
        source.End();
        Assert.Equal(2, source.Recorder.Announcements.OfType<InitReady>().Count(init => init.Rendition.Rendition == StreamPackager.VideoRendition));
        PartReady picture = Assert.Single(source.Recorder.Parts(StreamPackager.VideoRendition), part => part.StartsDiscontinuity);
        PartReady sound = Assert.Single(source.Recorder.Parts(StreamPackager.AudioRendition), part => part.StartsDiscontinuity);
        Assert.Equal(picture.Msn, sound.Msn);
    }

    [Fact]
    public void A_new_audio_format_waits_for_the_next_video_cut()
    {
        var source = new Source();
        source.Send(3, Fps30, 15);
        source.Audio = Source.AudioOf(44_100);
        source.Send(3, Fps30, 15, from90k: 900_000 + 3 * 90_000);
        source.End();
        PartReady picture = Assert.Single(source.Recorder.Parts(StreamPackager.VideoRendition), part => part.StartsDiscontinuity);
        PartReady sound = Assert.Single(source.Recorder.Parts(StreamPackager.AudioRendition), part => part.StartsDiscontinuity);
        Assert.InRange((sound.ProgramTime - picture.ProgramTime).TotalMilliseconds, -0.1, 24);
    }

    [Fact]
    public void Missing_pictures_become_gaps_and_never_longer_parts()
    {
        var source = new Source();
        for (int i = 0; i < 300; i++)
        {
            if (i is >= 130 and < 140) { continue; }
            source.SendVideo(900_000 + i * 3000, 900_000 + i * 3000, i % 15 == 0);
            source.SendAudio(900_000 + i * 1920);
        }
        source.End();
        PartMissing[] gaps = [.. source.Recorder.Announcements.OfType<PartMissing>().Where(gap => gap.Rendition.Rendition == StreamPackager.VideoRendition)];
        Assert.InRange(gaps.Sum(gap => (long)gap.Duration), 9 * 3000, 11 * 3000);
        AssertPartRules(source.Recorder, StreamPackager.VideoRendition);
        AssertExactTimes(source, audio: false);
    }

    [Fact]
    public void Audio_that_stays_away_is_marked_as_a_gap_so_that_numbers_stay_in_step()
    {
        var source = new Source();
        source.Send(4, Fps30, 15);
        source.Send(6, Fps30, 15, from90k: 900_000 + 4 * 90_000, withAudio: false);
        source.Send(4, Fps30, 15, from90k: 900_000 + 10 * 90_000);
        source.End();
        Assert.Contains(source.Recorder.Announcements, announcement => announcement is PartMissing { Rendition.Rendition: StreamPackager.AudioRendition });
        List<PartReady> picture = source.Recorder.Segments(StreamPackager.VideoRendition)[^2];
        List<PartReady> sound = source.Recorder.Segments(StreamPackager.AudioRendition).Single(segment => segment[0].Msn == picture[0].Msn);
        Assert.InRange((sound[0].ProgramTime - picture[0].ProgramTime).TotalMilliseconds, -0.1, 21.4);
    }

    [Fact]
    public void Key_frames_that_come_too_rarely_never_make_a_segment_longer_than_the_target_duration()
    {
        var source = new Source();
        source.Send(2, Fps30, 30);
        source.Send(20, Fps30, 600, from90k: 900_000 + 2 * 90_000);
        source.End();
        int target = source.Recorder.Started(StreamPackager.VideoRendition).TargetDuration;
        Assert.All(source.Recorder.Segments(StreamPackager.VideoRendition),
            segment => Assert.True(Math.Round(segment.Sum(part => part.Duration) / 90_000.0, MidpointRounding.AwayFromZero) <= target));
    }

    [Fact]
    public void A_stream_whose_first_gop_is_endless_starts_all_the_same()
    {
        var source = new Source();
        source.Send(5, Fps30, 1000);
        Assert.Equal(10, source.Recorder.Started(StreamPackager.VideoRendition).TargetDuration);
        source.End();
    }

    [Fact]
    public void Sound_alone_is_cut_at_the_aimed_duration()
    {
        var source = new Source(layout: new FeedLayout(HasVideo: false, HasAudio: true));
        source.Send(6, Fps30, 15, withVideo: false);
        source.End();
        Assert.All(source.Recorder.Segments(StreamPackager.AudioRendition).SkipLast(1),
            segment => Assert.InRange(segment.Sum(part => part.Duration) / 48_000.0, 0.42, 0.6));
        AssertPartRules(source.Recorder, StreamPackager.AudioRendition);
    }

    [Fact]
    public void Picture_alone_starts_after_a_short_wait_when_announced_sound_stays_away()
    {
        var source = new Source();
        source.Send(4, Fps30, 15, withAudio: false);
        Assert.NotEmpty(source.Recorder.Parts(StreamPackager.VideoRendition));
        Assert.Empty(source.Recorder.Parts(StreamPackager.AudioRendition));
        source.End();
    }

    [Fact]
    public void Numbers_of_a_later_start_are_higher()
    {
        DateTime now = new(2026, 11, 21, 12, 0, 0, DateTimeKind.Utc);
        Assert.True(RenditionPlan.FirstMsnAt(now.AddSeconds(60)) >= RenditionPlan.FirstMsnAt(now) + 60 * 5);   // 200 ms, the shortest segment
    }

    /// <summary>Presentation times relative to the first are exactly those sent, and decoding times have no gap but where gaps are marked.</summary>
    private static void AssertExactTimes(Source source, bool audio = true)
    {
        List<ReadSample> video = source.Recorder.Samples(StreamPackager.VideoRendition);
        Assert.Equal(source.SentVideo.Select(sent => sent.Pts90k - source.SentVideo[0].Pts90k), video.Select(sample => sample.Presentation - video[0].Presentation));
        if (!audio) { return; }
        Assert.Equal(video.Skip(1).Select(sample => sample.Decode), video.SkipLast(1).Select(sample => sample.Decode + sample.Duration));
        List<ReadSample> sound = source.Recorder.Samples(StreamPackager.AudioRendition);
        Assert.Equal(source.SentAudio.Count, sound.Count);
        Assert.All(sound, sample => Assert.Equal(1024u, sample.Duration));
        double offset = sound[0].Presentation / 48_000.0 - video[0].Presentation / 90_000.0;
        Assert.Equal((source.SentAudio[0].Pts90k - source.SentVideo[0].Pts90k) / 90_000.0, offset, 0.0001);
    }

    /// <summary>draft-pantos-hls-rfc8216bis §4.4.4.9: no part is longer than the target, and none shorter than 85 % of it but for the exemptions.</summary>
    private static void AssertPartRules(Recorder recorder, string rendition)
    {
        RenditionStarted started = recorder.Started(rendition);
        double target = started.PartTarget.TotalSeconds;
        PartReady[] parts = [.. recorder.Parts(rendition)];
        HashSet<(long, int)> gaps = [.. recorder.Announcements.OfType<PartMissing>().Where(gap => gap.Rendition.Rendition == rendition).Select(gap => (gap.Msn, gap.PartIndex))];
        for (int i = 0; i < parts.Length; i++)
        {
            double seconds = (double)parts[i].Duration / started.Timescale;
            Assert.InRange(seconds, 0.000001, target + 0.000001);
            bool isLast = i + 1 == parts.Length || parts[i + 1].Msn != parts[i].Msn;
            bool isBeforeGap = gaps.Contains((parts[i].Msn, parts[i].PartIndex + 1));
            Assert.True(seconds >= 0.85 * target || parts[i].IsIndependent || isLast || isBeforeGap, $"part {parts[i].Msn}.{parts[i].PartIndex} lasts {seconds} s");
        }
    }
}
