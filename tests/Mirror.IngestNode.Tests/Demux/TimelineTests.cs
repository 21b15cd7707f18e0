using Microsoft.Extensions.Logging;
using Mirror.IngestNode.Demux;
using Mirror.Media.Frames;
using Mirror.Media.MpegTs;
using Mirror.Media.Tests.Codecs.Captions;
using Mirror.Media.Tests.MpegTs;
using static Mirror.IngestNode.Tests.Demux.H264Pictures;

namespace Mirror.IngestNode.Tests.Demux;

public class TimelineTests
{
    private const long Frame = 3_600;      // 25 frames a second
    private const long AudioFrame = 1_920;
    private const long Hour = 3_600 * 90_000;

    /// <summary>One access unit a PES packet: letters K I P B, each with its PTS and DTS.</summary>
    private static TransportStreamBuilder Pictures(params (char Letter, long Pts, long Dts)[] pictures)
    {
        TransportStreamBuilder builder = new TransportStreamBuilder().H264Tables();
        foreach ((char letter, long pts, long dts) in pictures) { builder.VideoPes(Wrap(pts), dts < 0 ? -1 : Wrap(dts), Picture(letter)); }
        return builder.VideoPes(-1, -1, P());      // ends the last one
    }

    private static long Wrap(long ticks) => ticks & (TimestampUnwrapper.Period - 1);

    private static byte[] Picture(char letter) => letter switch { 'K' => Idr(), 'I' => Intra(), 'P' => P(), _ => B() };

    private static (char, long, long)[] Regular(string letters, long start) => [.. letters.Select((l, i) => (l, start + i * Frame, start + i * Frame))];

    /// <summary>Audio up to a time, two frames a PES packet, on a clock of its own.</summary>
    private static void AddAudio(TransportStreamBuilder builder, ref long next, long until)
    {
        for (; next < until; next += 2 * AudioFrame) { builder.AudioPes(Wrap(next), [.. Adts(), .. Adts()]); }
    }

    private static DemuxRun Run(TransportStreamBuilder builder, TransportStreamDemuxerOptions? options = null)
    {
        DemuxRun run = new(options);
        run.Write(builder.ToArray());
        return run;
    }

    [Fact]
    public void One_absurd_timestamp_costs_nothing()
    {
        foreach (long absurd in new[] { Hour, -Hour, 1L << 32, 11 * 90_000L, 3 * 90_000L, -2 * Frame })
        {
            (char, long, long)[] pictures = [.. Regular("KPPPP", 900_000), ('P', 900_000 + absurd + 5 * Frame, -1), .. Regular("PPPP", 900_000 + 6 * Frame)];
            using DemuxRun run = Run(Pictures(pictures));
            Assert.Equal("KPPPPPPPPP", Letters(run.Video)[..10]);
            Assert.Equal(Enumerable.Range(0, 10).Select(i => 900_000 + i * Frame), run.Video.Take(10).Select(u => u.Pts));
            Assert.Equal((0, 0, 1), (run.Stats.Video.BadTimestamps, run.Stats.TimestampJumps, run.Stats.Timelines));
        }
    }

    [Fact]
    public void A_jump_starts_a_new_timeline_with_the_next_key_frame()
    {
        foreach (long jump in new[] { Hour, -Hour, -5 * 90_000L, 12 * 90_000L, -3 * Frame })
        {
            (char, long, long)[] pictures = [.. Regular("KPPPPP", 10 * Hour), .. Regular("PPKPPP", 10 * Hour + 6 * Frame + jump)];
            using DemuxRun run = Run(Pictures(pictures));
            Assert.StartsWith("KPPPPPKPPP", Letters(run.Video));
            Assert.Equal([6], run.Video.Select((u, i) => u.StartsDiscontinuity ? i : -1).Where(i => i >= 0));
            Assert.Equal((1, 2, 2), (run.Stats.TimestampJumps, run.Stats.Timelines, run.Stats.Video.WaitingUnits));
        }
    }

    [Fact]
    public void A_gap_shorter_than_the_largest_step_is_only_a_gap()
    {
        (char, long, long)[] pictures = [.. Regular("KPPP", 0), .. Regular("PPPP", 4 * Frame + 8 * 90_000L)];
        using DemuxRun run = Run(Pictures(pictures));
        Assert.StartsWith("KPPPPPPP", Letters(run.Video));
        Assert.Equal((0, 1, 0), (run.Stats.TimestampJumps, run.Stats.Timelines, run.Stats.Video.BadTimestamps));
    }

    [Fact]
    public void An_announced_jump_is_believed_at_once()
    {
        TransportStreamBuilder builder = new TransportStreamBuilder().H264Tables();
        long start = 900_000;
        for (int i = 0; i < 6; i++) { builder.VideoPes(start + i * Frame, -1, i == 0 ? Idr() : P(), pcr: (start + i * Frame - 9_000) * 300); }
        long other = start + 4 * 90_000;
        for (int i = 0; i < 6; i++) { builder.VideoPes(other + i * Frame, -1, i == 0 ? Idr() : P(), pcr: (other + i * Frame - 9_000) * 300, discontinuity: i == 0); }
        using DemuxRun run = Run(builder.VideoPes(-1, -1, P()));
        Assert.StartsWith("KPPPPPKPPPPP", Letters(run.Video));
        Assert.True(run.Video.ElementAt(6).StartsDiscontinuity);
        Assert.Equal((1, 0), (run.Stats.TimestampJumps, run.Stats.Video.BadTimestamps));
    }

    [Fact]
    public void Decoding_times_missing_from_a_stream_with_B_frames_are_rebuilt()
    {
        List<(char, long, long)> pictures = [('K', Frame, -1)];
        for (int i = 1; i < 30; i += 3) { pictures.AddRange([('P', (i + 3) * Frame, -1), ('B', (i + 1) * Frame, -1), ('B', (i + 2) * Frame, -1)]); }
        using DemuxRun run = Run(Pictures([.. pictures]));
        Assert.StartsWith("KPBBPBBPBB", Letters(run.Video));
        Assert.Equal((0, 0), (run.Stats.TimestampJumps, run.Stats.Video.BadTimestamps));
        Assert.All(pictures.Zip(run.Video).Skip(4), p => Assert.InRange(p.Second.Pts - p.First.Item2, 0, 5));      // the first are moved by up to a frame
        Assert.True(run.Stats.Video.RepairedTimestamps >= 8);
        Assert.All(run.Video.Skip(4).Zip(run.Video.Skip(5)), p => Assert.InRange(p.Second.Dts - p.First.Dts, 1, 2 * Frame));
    }

    [Fact]
    public void Broken_decoding_times_are_moved_as_little_as_needed()
    {
        (char, long, long)[] pictures = [('K', 10_000, 10_000), ('P', 13_600, 10_000), ('P', 17_200, 20_000), ('P', 20_800, 20_800)];
        using DemuxRun run = Run(Pictures(pictures));
        Assert.Equal([10_000, 10_001, 17_200, 20_800], run.Video.Take(4).Select(u => u.Dts));
        Assert.Equal([10_000, 13_600, 17_200, 20_800], run.Video.Take(4).Select(u => u.Pts));
        Assert.Equal(2 + 1, run.Stats.Video.RepairedTimestamps);                        // and the last, which has none
    }

    [Fact]
    public void Pictures_that_come_unevenly_keep_their_times()
    {
        // In hundredths of a second, as those of a screen: all of them arrive at once.
        int[] times = [0, 36, 112, 160, 168, 188, 236, 260, 280, 300, 360, 388, 440, 564, 584, 592, 624, 740, 796, 820, 840, 844, 904, 916, 948, 960, 964, 1032, 1176, 1200];
        (char, long, long)[] pictures = [.. times.Select((time, i) => (i % 10 == 0 ? 'K' : 'P', 90_000 + time * 900L, -1L))];
        using DemuxRun run = Run(Pictures(pictures));
        Assert.Equal(pictures.Select(picture => picture.Item2), run.Video.Take(pictures.Length).Select(unit => unit.Pts));
    }

    [Fact]
    public void Several_access_units_in_one_packet_are_a_frame_apart()
    {
        TransportStreamBuilder builder = new TransportStreamBuilder().H264Tables();
        for (int i = 0; i < 5; i++) { builder.VideoPes(i * 3 * Frame, -1, [.. i == 0 ? Idr() : P(), .. P(), .. P()]); }
        using DemuxRun run = Run(builder);
        Assert.Equal(Enumerable.Range(0, run.Video.Count()).Select(i => i * Frame), run.Video.Select(u => u.Pts));
        Assert.InRange(run.Video.Count(), 12, 15);
    }

    [Fact]
    public void An_access_unit_may_go_on_in_the_next_packet()
    {
        byte[][] units = [Idr(900), P(500, 4), P(800, 5), P(300, 6), P(700, 7), P(400, 8), P(300, 9)];
        byte[] stream = [.. units.SelectMany(u => u)];
        TransportStreamBuilder builder = new TransportStreamBuilder().H264Tables();
        int[] starts = [.. units.Select((_, i) => units.Take(i).Sum(u => u.Length))];
        for (int position = 0; position < stream.Length; position += 350)
        {
            int first = Array.FindIndex(starts, s => s >= position && s < position + 350);        // the PTS is that of the first unit starting here
            builder.VideoPes(first < 0 ? -1 : first * Frame, -1, stream.AsSpan(position, Math.Min(350, stream.Length - position)));
        }
        using DemuxRun run = Run(builder);
        Assert.Equal("KPPPP", Letters(run.Video));                              // the end of the sixth shows only behind the first slice of the seventh
        Assert.Equal(Enumerable.Range(0, 5).Select(i => i * Frame), run.Video.Select(u => u.Pts));
        Assert.Equal([900, 500, 800, 300, 700], run.Video.Select(u => u.NalUnits().Last().Length));
        Assert.Equal(0, run.Stats.Video.DroppedUnits);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Two_fields_are_one_access_unit(bool inOnePacket)
    {
        TransportStreamBuilder builder = new TransportStreamBuilder().H264Tables();
        for (int i = 0; i < 12; i++)
        {
            byte[] top = i == 0 ? Unit([9, 0xF0], FieldSps, FieldPps, Field(0x65, "0001000", 0, isBottom: false)) : Unit([9, 0xF0], Field(0x41, "00110", i % 16, isBottom: false));
            byte[] bottom = Unit([9, 0xF0], Field(0x41, "00110", i % 16, isBottom: true));
            if (inOnePacket) { builder.VideoPes(i * Frame, -1, [.. top, .. bottom]); }
            else { builder.VideoPes(i * Frame, -1, top).VideoPes(i * Frame + Frame / 2, -1, bottom); }
        }
        using DemuxRun run = Run(builder.VideoPes(-1, -1, P()));
        Assert.StartsWith("KPPPPPPPPPPP", Letters(run.Video));
        Assert.Equal(Enumerable.Range(0, 12).Select(i => i * Frame), run.Video.Take(12).Select(u => u.Pts));
        Assert.All(run.Video.Take(12), u => Assert.Equal(2, u.NalUnits().Count(n => (n[0] & 0x1F) is 1 or 5)));
        Assert.Equal(12, run.Stats.KeyFrames + run.Stats.PredictedFrames - (run.Video.Count() - 12));
    }

    [Fact]
    public void Nothing_is_passed_on_before_the_first_key_frame_and_audio_starts_with_it()
    {
        TransportStreamBuilder builder = new TransportStreamBuilder().H264AacTables();
        long audio = 0;
        for (int i = 0; i < 20; i++)
        {
            builder.VideoPes(i * Frame, -1, i == 10 ? Idr() : P());
            AddAudio(builder, ref audio, i * Frame);
        }
        using DemuxRun run = Run(builder);
        Assert.Equal(10 * Frame, run.Video.First().Pts);
        Assert.StartsWith("KPPPP", Letters(run.Video));
        Assert.InRange(run.Audio.First().Pts, 10 * Frame - AudioFrame, 10 * Frame);
        Assert.True(run.Units[0].Track is VideoTrack);
        Assert.Equal(10, run.Stats.Video.WaitingUnits);
        Assert.True(run.Stats.Audio.WaitingUnits >= 18);
        Assert.Equal(0, run.Stats.Audio.BadTimestamps);
    }

    [Fact]
    public void Open_GOP_streams_without_IDR_pictures_play_after_the_patience()
    {
        var logger = new CountingLogger();
        TransportStreamBuilder builder = new TransportStreamBuilder().H264Tables();
        for (int i = 0; i < 200; i++) { builder.VideoPes(i * Frame, -1, i % 10 == 0 ? Intra() : P()); }
        using DemuxRun run = new(logger: logger);
        run.Write(builder.ToArray());
        Assert.Equal(130 * Frame, run.Video.First().Pts);                       // the first recovery point behind 5 s
        Assert.All(run.Video, u => Assert.Equal(u.Pts % (10 * Frame) == 0, u.IsRandomAccess));
        Assert.All(run.Video, u => Assert.Equal(u.IsRandomAccess ? FrameType.Intra : FrameType.Predicted, u.FrameType));
        Assert.Single(logger.Lines, l => l.Contains("IDR", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("intra")]
    [InlineData("gradual")]
    public void Streams_with_weaker_random_access_still_play(string kind)
    {
        TransportStreamBuilder builder = new TransportStreamBuilder().H264Tables();
        byte[] entry = kind == "intra" ? Intra(withRecoveryPoint: false) : Unit([9, 0xF0], Sps, Pps, GradualRecovery, Slice(0x41, "00110", 300, 1));
        for (int i = 0; i < 200; i++) { builder.VideoPes(i * Frame, -1, i % 10 == 0 ? entry : P()); }
        using DemuxRun run = Run(builder);
        Assert.Equal(130 * Frame, run.Video.First().Pts);
        Assert.All(run.Video, u => Assert.Equal(u.Pts % (10 * Frame) == 0, u.IsRandomAccess));
    }

    [Fact]
    public void A_recovery_point_in_a_stream_with_IDR_pictures_is_not_random_access()
    {
        using DemuxRun run = Run(Pictures(Regular("KPPIPPKPPIPP", 0)));
        Assert.StartsWith("KPPIPPKPPIPP", Letters(run.Video));
        Assert.Equal([0, 6], run.Video.Select((u, i) => u.IsRandomAccess ? i : -1).Where(i => i >= 0));
    }

    [Fact]
    public void Leading_pictures_of_an_open_start_are_dropped()
    {
        (char, long, long)[] pictures = [.. Regular("IPPPPPPPPP", 0), ('I', 13 * Frame, 10 * Frame), ('B', 11 * Frame, 11 * Frame), ('B', 12 * Frame, 12 * Frame), ('P', 16 * Frame, 13 * Frame),
            ('B', 14 * Frame, 14 * Frame), ('B', 15 * Frame, 15 * Frame)];
        using DemuxRun run = Run(Pictures(pictures), new TransportStreamDemuxerOptions { RefreshPatience = TimeSpan.FromSeconds(0.3) });
        Assert.StartsWith("IPBB", Letters(run.Video));
        Assert.Equal([13, 16, 14, 15], run.Video.Take(4).Select(u => u.Pts / Frame));
    }

    [Fact]
    public void The_same_format_is_the_same_track_and_another_is_another()
    {
        byte[] other = Unit([9, 0xF0], FieldSps, FieldPps, Slice(0x65, "0001000", 300, 1));
        TransportStreamBuilder builder = new TransportStreamBuilder().H264Tables();
        byte[][] units = [Idr(), P(), Idr(), P(), other, other, Idr(), P()];
        for (int i = 0; i < units.Length; i++) { builder.VideoPes(i * Frame, -1, units[i]); }
        using DemuxRun run = Run(builder.VideoPes(-1, -1, P()));
        List<Track> tracks = run.Video.Take(8).Select(u => u.Track).ToList();
        Assert.All(tracks[..4], t => Assert.Same(tracks[0], t));
        Assert.Equal(720, ((VideoTrack)tracks[4]).Width);
        Assert.Same(tracks[4], tracks[5]);
        Assert.True(tracks[6].SameFormatAs(tracks[0]));
        Assert.False(tracks[5].SameFormatAs(tracks[4]) && tracks[4].SameFormatAs(tracks[0]));
        Assert.All(tracks, t => Assert.Equal(TransportStreamDemuxer.VideoTrackId, t.Id));
        Assert.All(run.Video, u => Assert.False(u.StartsDiscontinuity));
    }

    /// <summary>Captions come a second late and go after another, the map tells their language, and says later that there is another service.</summary>
    [Fact]
    public void Captions_are_part_of_the_track_once_they_were_seen_and_stay()
    {
        TransportStreamBuilder builder = new TransportStreamBuilder().Tables(0, (StreamType.H264, TransportStreamBuilder.VideoPid, Convert.FromHexString("8607C1656E677E3FFF")));
        byte[] sei = CaptionBytes.Sei(CaptionBytes.Message(CaptionBytes.Line21(0, 0x14, 0x25), CaptionBytes.Filler(1), CaptionBytes.Packet(1)));
        for (int i = 0; i < 100; i++)
        {
            if (i == 75) { builder.Tables(1, (StreamType.H264, TransportStreamBuilder.VideoPid, Convert.FromHexString("860DC2656E677E3FFF667265C13FFF"))); }
            byte[] picture = i % 25 == 0 ? Idr() : P();
            builder.VideoPes(i * 3600, -1, i is >= 25 and < 50 ? Unit([9, 0xF0], Sps, Pps, sei, Slice(i == 25 ? (byte)0x65 : (byte)0x41, i == 25 ? "0001000" : "00110", 300, 1)) : picture);
        }
        using DemuxRun run = Run(builder);
        string[] texts = [.. run.Video.Select(unit => string.Join(' ', ((VideoTrack)unit.Track).Captions?.Services.Select(service => $"{service.InstreamId}={service.Language}") ?? []))];
        Assert.Equal(100, texts.Length);
        Assert.All(texts[..26], text => Assert.Equal("", text));
        Assert.All(texts[26..75], text => Assert.Equal("CC1=en SERVICE1=", text));
        Assert.All(texts[76..], text => Assert.Equal("CC1=en SERVICE1=fr", text));
        Assert.Equal(3, run.Video.Select(unit => unit.Track).Distinct(ReferenceEqualityComparer.Instance).Count());
        Assert.DoesNotContain(run.Video, unit => unit.StartsDiscontinuity);
    }

    [Theory]
    [InlineData(40, "25/1", true)]              // as the VUI says
    [InlineData(40.5, "25/1", true)]            // within its tolerance
    [InlineData(20, "50/1", true)]              // the VUI lies
    [InlineData(40, "25/1", false)]             // no VUI
    [InlineData(1001 / 30.0, "30000/1001", false)]
    public void The_frame_rate_is_measured_where_the_VUI_is_silent_or_wrong(double milliseconds, string expected, bool hasVui)
    {
        TransportStreamBuilder builder = new TransportStreamBuilder().H264Tables();
        byte[] idr = hasVui ? Idr() : Unit([9, 0xF0], SilentSps, Pps, Slice(0x65, "0001000", 300, 1));
        for (int i = 0; i < 120; i++) { builder.VideoPes((long)Math.Round(i * milliseconds * 90), -1, i % 30 == 0 ? idr : P()); }
        using DemuxRun run = Run(builder);
        Assert.Equal(expected, ((VideoTrack)run.Video.Last().Track).FrameRate.ToString());
        List<Track> issued = run.Video.Select(u => u.Track).Distinct(ReferenceEqualityComparer.Instance).Cast<Track>().ToList();
        Assert.Equal(hasVui && expected == "25/1" ? 1 : 2, issued.Count);
        Assert.All(issued, t => Assert.True(t.SameFormatAs(issued[0])));
    }

    [Fact]
    public void Program_time_follows_the_clock_slowly_and_is_the_same_for_both_tracks()
    {
        using DemuxRun run = new();
        run.Write(new TransportStreamBuilder().H264AacTables().Null().Null().Null().ToArray());      // five packets to find the packets by
        var builder = new TransportStreamBuilder();
        int written = 0;
        long nextAudio = 0;
        for (int i = 0; i < 25 * 60; i++)
        {
            builder.VideoPes(i * Frame, -1, i % 25 == 0 ? Idr(100) : P(50));
            AddAudio(builder, ref nextAudio, i * Frame);
            byte[] all = builder.ToArray();
            run.Write(all.AsSpan(written), int.MaxValue, TimeSpan.FromMilliseconds(40 * 1.0005));        // the publisher's clock runs 500 ppm slow
            written = all.Length;
        }
        List<DemuxRun.Unit> video = run.Video.ToList();
        double drift = (video[^1].ProgramTime - video[0].ProgramTime).TotalSeconds - (video[^1].Pts - video[0].Pts) / 90_000.0;
        Assert.InRange(drift, 0.010, 0.030);
        for (int i = 1; i < video.Count; i++)
        {
            double step = (video[i].ProgramTime - video[i - 1].ProgramTime).TotalMilliseconds - 40;
            Assert.InRange(step, -0.041, 0.041);
        }
        foreach (DemuxRun.Unit audio in run.Audio)
        {
            DemuxRun.Unit near = video.MinBy(v => Math.Abs(v.Pts - audio.Pts))!;
            Assert.InRange((audio.ProgramTime - near.ProgramTime).TotalMilliseconds - (audio.Pts - near.Pts) / 90.0, -0.2, 0.2);
        }
    }

    [Fact]
    public void The_first_units_wait_for_their_dates_and_a_late_start_does_not_move_them()
    {
        using DemuxRun run = new() { WaitsForDates = true };
        DateTime start = WriteVideo(run, frames: 50, delayOfFirst: 100);
        List<DemuxRun.Unit> video = run.Video.ToList();
        Assert.InRange(video.Count, 49, 50);
        Assert.Equal(Enumerable.Range(0, video.Count).Select(i => i * Frame), video.Select(u => u.Pts));
        Assert.All(video, u => Assert.InRange((u.ProgramTime - start).TotalMilliseconds - u.Pts / 90.0, -1, 1));      // a frame begins when it was due, less its duration
        Assert.InRange(run.Audio.Count(), 47, 49);
        Assert.All(run.Audio, u => Assert.InRange((u.ProgramTime - start).TotalMilliseconds - u.Pts / 90.0, -1, 1));
    }

    [Fact]
    public void Units_that_wait_are_passed_on_where_their_timeline_ends()
    {
        using DemuxRun run = new() { WaitsForDates = true };
        WriteVideo(run, frames: 4, delayOfFirst: 0);
        Assert.Empty(run.Units);
        run.Demuxer.Restart();
        Assert.StartsWith("KPP", Letters(run.Video));
        Assert.All(run.Units, u => Assert.NotEqual(default, u.ProgramTime));
    }

    /// <summary>Writes each frame, with the audio until its end, when it is over.</summary>
    /// <returns>When the first frame began.</returns>
    private static DateTime WriteVideo(DemuxRun run, int frames, int delayOfFirst)
    {
        run.Write(new TransportStreamBuilder().H264AacTables().Null().Null().Null().ToArray(), int.MaxValue, TimeSpan.FromMilliseconds(1000));
        var builder = new TransportStreamBuilder();
        int written = 0;
        int last = 0;
        long audio = 0;
        for (int i = 0; i < frames; i++)
        {
            builder.VideoPes(i * Frame, -1, i % 25 == 0 ? Idr(100) : P(50));
            if (i > 0) { builder.AudioPes(audio, [.. Adts()]); }
            audio += i > 0 ? AudioFrame : 0;
            byte[] all = builder.ToArray();
            int arrival = Math.Max((i + 1) * 40, 40 + delayOfFirst);      // what came meanwhile follows at once
            run.Write(all.AsSpan(written), int.MaxValue, TimeSpan.FromMilliseconds(arrival - last));
            (written, last) = (all.Length, arrival);
        }
        return DemuxRun.Start.AddMilliseconds(1000);
    }

    [Fact]
    public void Audio_timestamps_are_smoothed_and_gaps_are_kept()
    {
        var random = new Random(1);
        TransportStreamBuilder builder = new TransportStreamBuilder().Tables(0, (StreamType.AacAdts, TransportStreamBuilder.AudioPid, []));
        for (int i = 0; i < 200; i++)
        {
            long lost = i >= 100 ? 10 * AudioFrame : 0;
            builder.AudioPes(90_000 + i * 2 * AudioFrame + lost + (i == 0 ? 0 : random.Next(-80, 81)), [.. Adts(), .. Adts()]);
        }
        using DemuxRun run = Run(builder);
        List<DemuxRun.Unit> audio = run.Audio.ToList();
        Assert.Equal(400, audio.Count);
        Assert.All(audio.Take(200).Select((u, i) => u.Pts - 90_000 - i * AudioFrame), d => Assert.InRange(d, -60, 60));
        Assert.All(audio.Skip(1).Zip(audio).Where((_, i) => i != 199), p => Assert.InRange(p.First.Pts - p.Second.Pts, AudioFrame - 6, AudioFrame + 6));
        Assert.InRange(audio[200].Pts - audio[199].Pts, 11 * AudioFrame - 100, 11 * AudioFrame + 100);
        Assert.Equal((false, true), (run.Layouts.Single().HasVideo, run.Layouts.Single().HasAudio));
        Assert.Equal(1, run.Stats.Timelines);
    }

    [Fact]
    public void One_absurd_audio_timestamp_costs_nothing()
    {
        TransportStreamBuilder builder = new TransportStreamBuilder().H264AacTables();
        for (int i = 0; i < 50; i++)
        {
            builder.VideoPes(i * Frame, -1, i % 25 == 0 ? Idr() : P());
            builder.AudioPes(i == 20 ? Hour : i == 30 ? 5 * 90_000 : i * AudioFrame, [.. Adts()]);
        }
        using DemuxRun run = Run(builder);
        Assert.Equal((0, 1, 0), (run.Stats.Audio.BadTimestamps, run.Stats.Timelines, run.Stats.TimestampJumps));
        Assert.InRange(run.Audio.Count(), 49, 50);
        Assert.All(run.Audio.Zip(run.Audio.Skip(1)), pair => Assert.InRange(pair.Second.Pts - pair.First.Pts, AudioFrame - 2, AudioFrame + 2));
    }

    [Fact]
    public void Both_tracks_start_a_new_timeline_together_at_a_jump()
    {
        TransportStreamBuilder builder = new TransportStreamBuilder().H264AacTables();
        long audioClock = 0;
        for (int i = 0; i < 50; i++)
        {
            AddAudio(builder, ref audioClock, i * Frame);
            builder.VideoPes(i * Frame, -1, i % 10 == 0 ? Idr() : P());
        }
        audioClock = 10 * Hour - 10 * AudioFrame;
        for (int i = 0; i < 50; i++)
        {
            AddAudio(builder, ref audioClock, 10 * Hour + i * Frame);                  // audio reaches the new timeline first
            builder.VideoPes(10 * Hour + i * Frame, -1, i % 10 == 0 ? Idr() : P());
        }
        using DemuxRun run = Run(builder);
        Assert.Equal((1, 2), (run.Stats.TimestampJumps, run.Stats.Timelines));
        DemuxRun.Unit video = Assert.Single(run.Video, u => u.StartsDiscontinuity);
        DemuxRun.Unit audio = Assert.Single(run.Audio, u => u.StartsDiscontinuity);
        Assert.Equal(10 * Hour, video.Pts);
        Assert.InRange(audio.Pts, video.Pts - AudioFrame, video.Pts + AudioFrame);
        Assert.Equal("K", Letters([video]));
        Assert.InRange(run.Audio.Count(), 180, 190);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_pause_on_an_open_connection_gives_later_dates_after_a_discontinuity_and_loses_nothing(bool hasVideo)
    {
        using DemuxRun run = new() { WaitsForDates = true };
        TransportStreamBuilder builder = new();
        if (hasVideo) { builder.H264AacTables(); }
        else { builder.Tables(0, (StreamType.AacAdts, TransportStreamBuilder.AudioPid, [])); }
        int written = 0;
        const int Frames = 400;
        const int PauseAfter = 150;
        TimeSpan pause = TimeSpan.FromSeconds(10);
        long audioClock = 0;
        for (int i = 0; i < Frames; i++)
        {
            AddAudio(builder, ref audioClock, i * Frame);
            if (hasVideo) { builder.VideoPes(i * Frame, -1, i % 25 == 0 ? Idr() : P()); }
            byte[] bytes = builder.ToArray()[written..];
            written += bytes.Length;
            run.Pass(TimeSpan.FromMilliseconds(40) + (i == PauseAfter ? pause : TimeSpan.Zero));
            run.Write(bytes, Math.Max(1, bytes.Length), TimeSpan.Zero);
        }
        run.Demuxer.Flush();
        List<DemuxRun.Unit> leading = [.. hasVideo ? run.Video : run.Audio];
        int step = leading.FindIndex(unit => unit.StartsDiscontinuity);
        long resumed = PauseAfter * Frame;
        Assert.InRange((leading[step].Pts - resumed) / 90_000.0, 2, 3.2);
        Assert.Single(leading, unit => unit.StartsDiscontinuity);
        Assert.InRange((leading[step].ProgramTime - leading[step - 1].ProgramTime - pause).TotalMilliseconds, 0, 60);
        Assert.All(leading.Zip(leading.Skip(1)).Where(pair => pair.Second != leading[step]),
            pair => Assert.Equal((pair.Second.Pts - pair.First.Pts) / 90.0, (pair.Second.ProgramTime - pair.First.ProgramTime).TotalMilliseconds, 0.1));
        Assert.Equal((2, 0), (run.Stats.Timelines, run.Stats.TimestampJumps));
        if (hasVideo)
        {
            Assert.Equal(Frames, leading.Count);
            Assert.Single(run.Audio, unit => unit.StartsDiscontinuity);
        }
        Assert.InRange(run.Audio.Count(), audioClock / AudioFrame - 6, audioClock / AudioFrame);
    }

    [Fact]
    public void Audio_goes_alone_while_announced_video_is_silent()
    {
        TransportStreamBuilder builder = new TransportStreamBuilder().H264AacTables();
        long clock = 0;
        AddAudio(builder, ref clock, 300 * Frame);
        for (int i = 300; i < 350; i++)
        {
            AddAudio(builder, ref clock, i * Frame);
            builder.VideoPes(i * Frame, -1, i % 25 == 0 ? Idr() : P());
        }
        using DemuxRun run = Run(builder);
        Assert.Equal([true, false, true], run.Layouts.Select(l => l.HasVideo));
        Assert.InRange(run.Audio.First().Pts, 0, AudioFrame);
        Assert.True(run.Video.First().StartsDiscontinuity);
        Assert.Equal(300 * Frame, run.Video.First().Pts);
        Assert.Equal(2, run.Stats.Timelines);
        Assert.InRange(run.Audio.Count(), 648, 656);
    }

    internal sealed class CountingLogger : ILogger
    {
        public List<string> Lines { get; } = [];

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) => Lines.Add(formatter(state, exception));
    }
}
