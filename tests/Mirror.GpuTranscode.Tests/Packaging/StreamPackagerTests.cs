using Mirror.GpuTranscode.Packaging;
using Mirror.Media.Codecs.Aac;
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

    [Fact]
    public void Captions_that_come_later_are_told_with_the_same_initialization_segment()
    {
        var source = new Source();
        source.Send(3, Fps30, 15);
        source.Video = source.Video with { Captions = new CaptionServices([new("CC1", null)]) };
        source.Send(3, Fps30, 15, from90k: 900_000 + 270_000);
        source.End();

        InitReady[] told = [.. source.Recorder.Announcements.OfType<InitReady>().Where(init => init.Rendition.Rendition == StreamPackager.VideoRendition)];
        Assert.Equal(2, told.Length);
        Assert.Equal(told[0] with { Track = source.Video }, told[1]);
        Assert.Null(((VideoTrack)told[0].Track).Captions);
        Assert.DoesNotContain(source.Recorder.Parts(StreamPackager.VideoRendition), part => part.StartsDiscontinuity);
        AssertExactTimes(source, audio: false);
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

    [Theory]
    [InlineData(12, 0.040)]
    [InlineData(25, 0.019)]
    public void No_part_is_longer_than_its_target_where_frames_come_late(int rate, double most)
    {
        var source = new Source(layout: new FeedLayout(HasVideo: true, HasAudio: false));
        var random = new Random(rate);
        for (int i = 0; i < 40 * rate; i++)
        {
            double late = i > 10 * rate ? random.NextDouble() * most : 0;
            long pts = 900_000 + (long)((i / (double)rate + late) * 90_000);
            source.SendVideo(pts, pts, isKey: i % rate == 0);
        }
        source.End();
        RenditionStarted started = source.Recorder.Started(StreamPackager.VideoRendition);
        double target = started.PartTarget.TotalSeconds * started.Timescale;
        Assert.All(source.Recorder.Parts(StreamPackager.VideoRendition), part => Assert.InRange(part.Duration, 1, target));
        AssertExactTimes(source, audio: false);
    }

    [Theory]
    [InlineData(50, 3)]
    [InlineData(50, 2)]
    [InlineData(25, 1)]
    [InlineData(60, 4)]
    public void No_part_is_longer_than_its_target_where_frames_are_missing(int rate, int missing)
    {
        var source = new Source(layout: new FeedLayout(HasVideo: true, HasAudio: false));
        var random = new Random(rate + missing);
        for (int i = 0; i < 20 * rate; i++)
        {
            bool isKey = i % rate == 0;
            source.SendVideo(900_000 + i * 90_000L / rate, 900_000 + i * 90_000L / rate, isKey);
            if (i % rate < rate - missing - 1 && random.Next(5) == 0) { i += missing; }
        }
        source.End();
        RenditionStarted started = source.Recorder.Started(StreamPackager.VideoRendition);
        double target = started.PartTarget.TotalSeconds * started.Timescale;
        Assert.All(source.Recorder.Parts(StreamPackager.VideoRendition), part => Assert.InRange(part.Duration, 1, target));
        AssertExactTimes(source, audio: false);
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

    [Theory, InlineData(-225_000), InlineData(-45_000), InlineData(0), InlineData(30_000), InlineData(90_000), InlineData(225_000)]
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
        Assert.Empty(source.Recorder.Announcements.OfType<PartMissing>());
        // As they are told to players, neither is ever far ahead of the other.
        (DateTime video, DateTime audio) = (DateTime.MinValue, DateTime.MinValue);
        foreach (PartReady part in source.Recorder.Announcements.OfType<PartReady>().Where(part => part.Msn < source.Recorder.Parts(StreamPackager.AudioRendition).Last().Msn - 1))
        {
            if (part.Rendition.Rendition == StreamPackager.VideoRendition) { video = part.ProgramTime; }
            else { audio = part.ProgramTime; }
            if (audio > DateTime.MinValue && video > DateTime.MinValue) { Assert.InRange((video - audio).TotalSeconds, -0.2, 0.65); }
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

    /// <summary>An encoder that returns with less than it had, or whose sound card starts late.</summary>
    [Theory]
    [InlineData(null, Codec.Aac)]
    [InlineData(3.0, Codec.Aac)]
    [InlineData(0.7, Codec.Aac)]
    [InlineData(0.1, Codec.Aac)]
    [InlineData(3.0, Codec.Ac3)]                             // of which no silent frame is made
    [InlineData(0.7, Codec.Ac3)]
    public void Sound_that_does_not_come_to_a_new_timeline_is_silent_there_and_may_come_later(double? soundAfterSeconds, Codec codec)
    {
        const int Seconds = 8;
        const long From90k = 90_000;
        var source = new Source { Audio = Source.AudioOf(48_000) with { Codec = codec } };
        source.Send(4, Fps30, 15);
        source.Packager.Interrupt();
        source.SentAudio.Clear();
        long sound90k = From90k + (long)((soundAfterSeconds ?? Seconds) * 90_000);
        bool isFirst = true;
        for (int i = 0; i < Seconds * 30; i++)
        {
            long pts90k = From90k + i * 3000;
            source.SendVideo(pts90k, pts90k, i % 15 == 0, discontinuity: i == 0);
            for (; sound90k < pts90k; sound90k += 1920, isFirst = false) { source.SendAudio(sound90k, isFirst); }
        }
        PartReady picture = source.Recorder.Parts(StreamPackager.VideoRendition).Last();
        PartReady sound = source.Recorder.Parts(StreamPackager.AudioRendition).Last();
        Assert.InRange((picture.ProgramTime - sound.ProgramTime).TotalSeconds, -0.1, 0.2);
        source.End();
        long begin = BeginOfTimeline(source.Recorder, StreamPackager.VideoRendition);
        Assert.Equal(begin, BeginOfTimeline(source.Recorder, StreamPackager.AudioRendition));
        Dictionary<long, DateTime> starts = FirstParts(source.Recorder, StreamPackager.VideoRendition);
        if (codec == Codec.Aac) { Assert.DoesNotContain(source.Recorder.Announcements, announcement => announcement is PartMissing); }
        TimeSpan soundAfter = codec == Codec.Aac && soundAfterSeconds > 0.2 ? TimeSpan.Zero : TimeSpan.FromSeconds(soundAfterSeconds ?? 0);
        Assert.All(FirstParts(source.Recorder, StreamPackager.AudioRendition), segment =>
        {
            TimeSpan missing = segment.Key < begin ? TimeSpan.Zero : soundAfter - (starts[segment.Key] - starts[begin]);
            Assert.InRange((segment.Value - starts[segment.Key]).TotalMilliseconds, -0.1, 21.4 + Math.Max(0, missing.TotalMilliseconds));
        });
        byte[] silent = SilentAacFrame.For(source.Audio.DecoderConfiguration.Span)!;
        ReadSample[] heard = [.. source.Recorder.Samples(StreamPackager.AudioRendition).Where(sample => !sample.Bytes.AsSpan().SequenceEqual(silent))];
        Assert.InRange(heard.Count(sample => source.SentAudio.Exists(sent => sent.Bytes.AsSpan().SequenceEqual(sample.Bytes))), source.SentAudio.Count - 1, source.SentAudio.Count);
    }

    /// <summary>An input whose times jump, as that of a playlist of files, and whose sound is behind the picture or missing in some of them.</summary>
    [Theory]
    [InlineData(0.3, 0, 0)]
    [InlineData(0.9, 0, 0)]
    [InlineData(0.3, 1, 1)]
    [InlineData(0.9, 1, 2)]
    [InlineData(0.1, 0, 2)]                                  // the sound comes after two timelines without it
    public void Numbers_and_discontinuities_stay_in_step_whatever_timeline_the_sound_is_still_on(double lagSeconds, int firstWithout, int lastWithout)
    {
        const long Jump90k = 20 * 90_000;
        double[] lengths = [4, 0.5, 0.7, 3, 4];              // of timelines, in seconds
        var source = new Source();
        var events = new List<(double Time, Action Send)>();
        double start = 0;
        for (int timeline = 0; timeline < lengths.Length; timeline++)
        {
            long from90k = 900_000 + (long)(start * 90_000) + timeline * Jump90k;
            bool begins = timeline > 0;
            for (int i = 0; i < lengths[timeline] * 30; i++)
            {
                long pts90k = from90k + i * 3000;
                (bool isKey, bool isFirst) = (i % 15 == 0, i == 0);
                events.Add((start + i / 30.0, () => source.SendVideo(pts90k, pts90k, isKey, begins && isFirst)));
            }
            bool isSilent = lastWithout > 0 && timeline >= firstWithout && timeline <= lastWithout;
            for (int i = 0; !isSilent && i * 1024 / 48_000.0 < lengths[timeline]; i++)
            {
                long pts90k = from90k + i * 1920;
                bool isFirst = i == 0;
                events.Add((start + i * 1024 / 48_000.0 + lagSeconds, () => source.SendAudio(pts90k, begins && isFirst)));
            }
            start += lengths[timeline];
        }
        foreach ((_, Action send) in events.OrderBy(step => step.Time)) { send(); }
        source.End();
        (long First, DateTime Date, bool StartsDiscontinuity)[] pictures = Starts(source.Recorder, StreamPackager.VideoRendition);
        (long First, DateTime Date, bool StartsDiscontinuity)[] sounds = Starts(source.Recorder, StreamPackager.AudioRendition);
        Assert.Equal(Enumerable.Range(0, sounds.Length).Select(i => sounds[0].First + i), sounds.Select(segment => segment.First));
        var byNumber = pictures.ToDictionary(segment => segment.First);
        Assert.Equal(pictures.Where(segment => segment.StartsDiscontinuity && segment.First > sounds[0].First).Select(segment => segment.First), sounds.Skip(1).Where(segment => segment.StartsDiscontinuity).Select(segment => segment.First));
        Assert.All(sounds.Where(segment => segment.First > sounds[0].First + 1), segment => Assert.InRange((segment.Date - byNumber[segment.First].Date).TotalSeconds, -0.1, 0.1));
        Assert.Equal(pictures[^1].First, sounds[^1].First);
    }

    /// <summary>An encoder that returns with a camera, and once more.</summary>
    [Theory]
    [InlineData(9_000)]
    [InlineData(-9_000)]                                     // the sound comes first
    public void Pictures_that_come_to_a_stream_of_sound_are_in_step_with_it(long audioLag90k)
    {
        var source = new Source(layout: new FeedLayout(HasVideo: false, HasAudio: true));
        source.Send(4, Fps30, 15, withVideo: false);
        source.Packager.Interrupt();
        source.Packager.SetLayout(new FeedLayout(HasVideo: true, HasAudio: true));
        source.Send(5, Fps30, 15, from90k: 9_000_000, discontinuity: true, audioLag90k: audioLag90k);
        source.Packager.Interrupt();
        source.Send(5, Fps30, 15, from90k: 900_000, discontinuity: true, audioLag90k: audioLag90k);
        source.End();
        var pictures = Starts(source.Recorder, StreamPackager.VideoRendition).ToDictionary(segment => segment.First);
        (long First, DateTime Date, bool StartsDiscontinuity)[] sounds = Starts(source.Recorder, StreamPackager.AudioRendition);
        Assert.Equal(Enumerable.Range(0, sounds.Length).Select(i => sounds[0].First + i), sounds.Select(segment => segment.First));
        Assert.DoesNotContain(source.Recorder.Announcements, announcement => announcement is PartMissing { Rendition.Rendition: StreamPackager.AudioRendition });
        Assert.All(sounds.Where(segment => pictures.ContainsKey(segment.First)), segment => Assert.InRange((segment.Date - pictures[segment.First].Date).TotalSeconds, -0.1, 0.1));
        Assert.Equal(2, sounds.Count(segment => segment.StartsDiscontinuity));
        Assert.Equal(pictures.Keys.Max(), sounds[^1].First);
    }

    /// <summary>How each segment begins, with a part or a gap.</summary>
    private static (long First, DateTime Date, bool StartsDiscontinuity)[] Starts(Recorder recorder, string rendition)
        => [.. recorder.Announcements.Where(announcement => announcement.Rendition.Rendition == rendition).Select(announcement => announcement switch
        {
            PartReady { PartIndex: 0 } part => (part.Msn, part.ProgramTime, part.StartsDiscontinuity),
            PartMissing { PartIndex: 0 } gap => (gap.Msn, gap.ProgramTime, gap.StartsDiscontinuity),
            _ => (Msn: -1L, default, default),
        }).Where(start => start.Msn >= 0)];

    /// <summary>The segment with the only discontinuity, which may start with a gap.</summary>
    private static long BeginOfTimeline(Recorder recorder, string rendition)
        => Assert.Single(recorder.Announcements, announcement => announcement is PartReady { StartsDiscontinuity: true } or PartMissing { StartsDiscontinuity: true } && announcement.Rendition.Rendition == rendition) switch
        {
            PartReady part => part.Msn,
            PartMissing gap => gap.Msn,
            _ => throw new InvalidOperationException(),
        };

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
    public void Another_language_of_the_same_format_is_announced_without_a_discontinuity()
    {
        var source = new Source();
        source.Send(3, Fps30, 15);
        source.Audio = source.Audio with { Language = "deu" };
        source.Send(3, Fps30, 15, from90k: 900_000 + 3 * 90_000);
        source.End();
        InitReady[] inits = [.. source.Recorder.Announcements.OfType<InitReady>().Where(init => init.Rendition.Rendition == StreamPackager.AudioRendition)];
        Assert.Equal([null, "deu"], inits.Select(init => ((AudioTrack)init.Track).Language));
        Assert.Equal(inits[0].Name, inits[1].Name);
        Assert.DoesNotContain(source.Recorder.Parts(StreamPackager.AudioRendition), part => part.StartsDiscontinuity);
    }

    /// <summary>From stereo to 5.1, say, half a second before the next key frame.</summary>
    [Fact]
    public void Up_to_the_cut_that_a_new_audio_format_waits_for_it_is_silent()
    {
        var source = new Source();
        int frames = 0;
        for (int i = 0; i < 8 * 30; i++)
        {
            source.SendVideo(900_000 + i * 3000, 900_000 + i * 3000, i % 60 == 0);
            if (i == 90) { source.Audio = Source.AudioOf(48_000) with { DecoderConfiguration = new byte[] { 0x11, 0xB0 }, Channels = 6 }; }
            for (; frames * 1920 < i * 3000; frames++) { source.SendAudio(900_000 + frames * 1920); }
        }
        source.End();
        byte[] silent = SilentAacFrame.For(Source.AudioOf(48_000).DecoderConfiguration.Span)!;
        List<ReadSample> sound = source.Recorder.Samples(StreamPackager.AudioRendition);
        Assert.All(sound.Zip(sound.Skip(1)), pair => Assert.Equal(pair.First.Decode + 1024, pair.Second.Decode));
        int silence = sound.Count(sample => sample.Bytes.AsSpan().SequenceEqual(silent));
        Assert.InRange(silence, 0.9 * 48_000 / 1024, 1.1 * 48_000 / 1024);      // it changes in the middle between two key frames, 2 s apart
        Assert.Equal(source.SentAudio.Count, sound.Count);
        Assert.DoesNotContain(source.Recorder.Announcements, announcement => announcement is PartMissing);
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

    [Theory]
    [InlineData(48_000, Codec.Aac)]
    [InlineData(44_100, Codec.Aac)]
    [InlineData(48_000, Codec.Ac3)]                          // of which no silent frame is made
    public void Audio_that_stays_away_is_silent_and_numbers_stay_in_step(int rate, Codec codec)
    {
        var source = new Source { Audio = Source.AudioOf(rate) with { Codec = codec } };
        source.Send(4, Fps30, 15);
        source.Send(26, Fps30, 15, from90k: 900_000 + 4 * 90_000, withAudio: false);
        // While it is away, it is never further behind the picture than players put up with.
        DateTime picturesTo = source.Recorder.Parts(StreamPackager.VideoRendition).Last().ProgramTime;
        if (codec == Codec.Aac) { Assert.InRange((picturesTo - source.Recorder.Parts(StreamPackager.AudioRendition).Last().ProgramTime).TotalSeconds, -0.1, 0.2); }
        source.Send(4, Fps30, 15, from90k: 900_000 + 30 * 90_000);
        source.End();
        Assert.Equal(codec != Codec.Aac, source.Recorder.Announcements.Any(announcement => announcement is PartMissing { Rendition.Rendition: StreamPackager.AudioRendition }));
        if (codec == Codec.Aac)
        {
            byte[] silent = SilentAacFrame.For(source.Audio.DecoderConfiguration.Span)!;
            Assert.InRange(source.Recorder.Samples(StreamPackager.AudioRendition).Count(sample => sample.Bytes.AsSpan().SequenceEqual(silent)), 25.5 * rate / 1024, 26 * rate / 1024 + 2);
            // Silence may cover more than half of the first frame that returns: it is the one that may be left out.
            Assert.InRange(source.Recorder.Samples(StreamPackager.AudioRendition).Count(sample => !sample.Bytes.AsSpan().SequenceEqual(silent)), source.SentAudio.Count - 1, source.SentAudio.Count);
        }
        List<PartReady> picture = source.Recorder.Segments(StreamPackager.VideoRendition)[^2];
        List<PartReady> sound = source.Recorder.Segments(StreamPackager.AudioRendition).Single(segment => segment[0].Msn == picture[0].Msn);
        Assert.InRange((sound[0].ProgramTime - picture[0].ProgramTime).TotalMilliseconds, -0.1, 21.4);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public void A_picture_that_stays_away_is_a_gap_and_sound_goes_on_in_step(int bFrames)
    {
        var source = new Source();
        source.Send(4, Fps30, 15, bFrames: bFrames);
        source.Send(15, Fps30, 15, from90k: 900_000 + 4 * 90_000, withVideo: false);
        // While it is away, gaps follow the sound.
        PartMissing last = source.Recorder.Announcements.OfType<PartMissing>().Last(gap => gap.Rendition.Rendition == StreamPackager.VideoRendition);
        PartReady sound = source.Recorder.Parts(StreamPackager.AudioRendition).Last();
        Assert.InRange((sound.ProgramTime - last.ProgramTime).TotalSeconds, -0.1, 0.5);
        Assert.InRange(sound.Msn - last.Msn, 0, 1);
        source.Send(4, Fps30, 15, from90k: 900_000 + 19 * 90_000, bFrames: bFrames);
        source.End();
        Assert.DoesNotContain(source.Recorder.Announcements, announcement => announcement is PartMissing { Rendition.Rendition: StreamPackager.AudioRendition });
        Assert.InRange(source.Recorder.Samples(StreamPackager.AudioRendition).Count, source.SentAudio.Count, source.SentAudio.Count + 2);      // stretches end between two frames
        Assert.InRange(source.Recorder.Samples(StreamPackager.VideoRendition).Count, source.SentVideo.Count - 15, source.SentVideo.Count);
        Dictionary<long, DateTime> starts = FirstParts(source.Recorder, StreamPackager.VideoRendition);
        Assert.All(FirstParts(source.Recorder, StreamPackager.AudioRendition), segment => Assert.InRange((segment.Value - starts[segment.Key]).TotalMilliseconds, -70, 21.4));
        AssertPartRules(source.Recorder, StreamPackager.VideoRendition);
    }

    /// <summary>Further from its sound than the aligner reaches: what stands for the picture must not stand for it for ever.</summary>
    [Fact]
    public void A_picture_that_returns_late_by_seconds_is_delivered_again()
    {
        const int Piece = 11_520;                            // four pictures, six frames of sound
        const int Late = 40;
        var rate = new Rational(125, 4);
        var source = new Source();
        void Send(int piece, bool video, bool audio) => source.Send(Piece / 90_000.0, rate, 4, from90k: 900_000 + piece * Piece, withVideo: video, withAudio: audio);
        for (int i = 0; i < 32; i++) { Send(i, video: true, audio: true); }
        for (int i = 32; i < 64; i++) { Send(i, video: false, audio: true); }
        for (int i = 64; i < 220; i++)
        {
            Send(i, video: false, audio: true);
            Send(i - Late, video: true, audio: false);
        }
        source.End();
        List<ReadSample> samples = source.Recorder.Samples(StreamPackager.VideoRendition);
        Assert.Equal(source.SentVideo[^1].Bytes, samples[^1].Bytes);
        Assert.InRange(samples.Count, source.SentVideo.Count - 2 * Late * 4, source.SentVideo.Count);
    }

    private static Dictionary<long, DateTime> FirstParts(Recorder recorder, string rendition)
        => recorder.Announcements.Where(announcement => announcement.Rendition.Rendition == rendition).Select(announcement => announcement switch
        {
            PartReady { PartIndex: 0 } part => (part.Msn, part.ProgramTime),
            PartMissing { PartIndex: 0 } part => (part.Msn, part.ProgramTime),
            _ => (Msn: -1L, ProgramTime: default),
        }).Where(part => part.Msn >= 0).ToDictionary(part => part.Msn, part => part.ProgramTime);

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
        // There is a segment to list as soon as it starts, without a key frame behind it.
        foreach (string rendition in new[] { StreamPackager.VideoRendition, StreamPackager.AudioRendition })
        {
            List<PartReady>[] segments = [.. source.Recorder.Segments(rendition)];
            Assert.Equal(2, segments.Length);
            Assert.InRange((segments[1][0].ProgramTime - segments[0][0].ProgramTime).TotalSeconds, 2.99, 3.03);
        }
        Assert.False(source.Recorder.Segments(StreamPackager.VideoRendition).Last()[0].IsIndependent);
        source.Send(20, Fps30, 300, from90k: 900_000 + 5 * 90_000);
        source.End();
        Assert.All(source.Recorder.Segments(StreamPackager.VideoRendition).Skip(2), segment => Assert.True(segment[0].IsIndependent));
        AssertPartRules(source.Recorder, StreamPackager.VideoRendition);
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
    public void Sound_that_begins_before_the_picture_waits_for_it()
    {
        var source = new Source();
        source.Send(0.3, Fps30, 15, withVideo: false, audioLag90k: 0);
        source.Send(3, Fps30, 15, from90k: 900_000 + 27_000);
        source.End();
        // Sound that had begun alone would have told the encoded renditions of a timeline of its own.
        (PartReady picture, PartReady sound) = (source.Recorder.Parts(StreamPackager.VideoRendition).First(), source.Recorder.Parts(StreamPackager.AudioRendition).First());
        Assert.Equal(picture.Msn, sound.Msn);
        Assert.InRange((sound.ProgramTime - picture.ProgramTime).TotalMilliseconds, -21.4, 21.4);
    }

    /// <summary>A programme whose map lists video later: a timeline of both begins, with the picture.</summary>
    [Theory]
    [InlineData(9_000)]
    [InlineData(45_000)]
    public void A_picture_that_joins_sound_begins_a_timeline_that_both_are_cut_on(long audioLag90k)
    {
        var source = new Source(layout: new FeedLayout(HasVideo: false, HasAudio: true));
        source.Send(5, Fps30, 15, withVideo: false);
        source.Packager.SetLayout(new FeedLayout(HasVideo: true, HasAudio: true));
        source.Send(6, Fps30, 30, from90k: 900_000 + 5 * 90_000, discontinuity: true, audioLag90k: audioLag90k);
        source.End();
        Dictionary<long, DateTime> pictures = FirstParts(source.Recorder, StreamPackager.VideoRendition);
        Dictionary<long, DateTime> sounds = FirstParts(source.Recorder, StreamPackager.AudioRendition);
        Assert.All(pictures, segment => Assert.InRange((sounds[segment.Key] - segment.Value).TotalMilliseconds, -21.4, 21.4));
        PartReady discontinuity = Assert.Single(source.Recorder.Parts(StreamPackager.AudioRendition), part => part.StartsDiscontinuity);
        Assert.Equal(pictures.Keys.Min(), discontinuity.Msn);
        Assert.Equal(source.Recorder.Started(StreamPackager.AudioRendition).FirstDiscontinuitySequence + 1, source.Recorder.Started(StreamPackager.VideoRendition).FirstDiscontinuitySequence);
        Assert.DoesNotContain(source.Recorder.Announcements, announcement => announcement is PartMissing);
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
