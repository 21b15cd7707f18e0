using Mirror.IngestNode.Demux;
using Mirror.Media.Frames;
using Mirror.Media.MpegTs;
using Mirror.Media.Tests.MpegTs;
using Mirror.Streams.Feed;
using static Mirror.IngestNode.Tests.Demux.H264Pictures;

namespace Mirror.IngestNode.Tests.Demux;

public class ProgramTests
{
    private const long Frame = 3_600;
    private const int VideoPid = TransportStreamBuilder.VideoPid;
    private const int AudioPid = TransportStreamBuilder.AudioPid;

    private static void AddVideo(TransportStreamBuilder builder, int pid, string letters, long start)
    {
        for (int i = 0; i < letters.Length; i++) { builder.Pes(pid, 0xE0, start + i * Frame, -1, letters[i] == 'K' ? Idr() : P()); }
    }

    [Fact]
    public void Another_video_PID_is_a_new_timeline()
    {
        TransportStreamBuilder builder = new TransportStreamBuilder().H264Tables();
        AddVideo(builder, VideoPid, "KPPPPPPPPPPP", 0);
        builder.Tables(1, (StreamType.H264, 0x200, []));
        AddVideo(builder, 0x200, "PPKPPPPPPPPP", 12 * Frame);
        AddVideo(builder, VideoPid, "KPPPP", 24 * Frame);
        using DemuxRun run = new();
        run.Write(builder.ToArray());
        DemuxRun.Unit first = Assert.Single(run.Video, u => u.StartsDiscontinuity);
        Assert.Equal(14 * Frame, first.Pts);
        Assert.Equal((2, 2), (run.Stats.ProgramChanges, run.Stats.Timelines));
        Assert.Same(run.Video.First().Track, first.Track);                                // the same parameter sets
        Assert.DoesNotContain(run.Video, u => u.Pts >= 24 * Frame);
    }

    [Fact]
    public void A_table_that_says_the_same_in_another_version_changes_nothing()
    {
        TransportStreamBuilder builder = new TransportStreamBuilder().H264Tables();
        AddVideo(builder, VideoPid, "KPPPPP", 0);
        builder.H264Tables(version: 7).H264Tables(version: 7);
        AddVideo(builder, VideoPid, "PPPPPP", 6 * Frame);
        using DemuxRun run = new();
        run.Write(builder.ToArray());
        Assert.StartsWith("KPPPPPPPPP", Letters(run.Video));
        Assert.Equal((1, 1), (run.Stats.ProgramChanges, run.Stats.Timelines));
    }

    [Fact]
    public void Audio_that_joins_the_programme_costs_no_picture()
    {
        TransportStreamBuilder builder = new TransportStreamBuilder().H264Tables();
        AddVideo(builder, VideoPid, "KPPPPPPPPPPP", 0);
        builder.H264AacTables(version: 1);
        for (int i = 12; i < 60; i++)
        {
            AddVideo(builder, VideoPid, i % 10 == 0 ? "K" : "P", i * Frame);
            builder.AudioPes(i * Frame, [.. Adts(), .. Adts()]);
        }
        using DemuxRun run = new();
        run.Write(builder.ToArray());
        Assert.Equal([new FeedLayout(true, false), new FeedLayout(true, true)], run.Layouts);
        Assert.DoesNotContain(run.Units, unit => unit.StartsDiscontinuity);
        Assert.Equal(60, run.Video.Count());
        Assert.InRange(run.Audio.First().Pts, 12 * Frame - 1_920, 12 * Frame + 1_920);
    }

    [Fact]
    public void The_programme_in_force_is_kept_while_it_is_listed()
    {
        TransportStreamBuilder builder = new TransportStreamBuilder().H264Tables();
        AddVideo(builder, VideoPid, "KPPP", 0);
        builder.Section(0, TransportStreamBuilder.ProgramAssociationSection(1, (9, 0x900), (1, TransportStreamBuilder.MapPid)));
        AddVideo(builder, VideoPid, "PPPPPP", 4 * Frame);
        builder.Section(0, TransportStreamBuilder.ProgramAssociationSection(2, (9, 0x900)));
        builder.Section(0x900, TransportStreamBuilder.ProgramMapSection(9, 0, 0x300, (StreamType.H264, 0x300, [])));
        AddVideo(builder, 0x300, "KPPPP", 10 * Frame);
        using DemuxRun run = new();
        run.Write(builder.ToArray());
        Assert.Equal((2, 2), (run.Stats.ProgramChanges, run.Stats.Timelines));
        Assert.Equal(10 * Frame, Assert.Single(run.Video, u => u.StartsDiscontinuity).Pts);
    }

    /// <summary>Of several programmes the first has no map, lists private data only, or lists audio that never comes.</summary>
    [Theory]
    [InlineData("absent")]
    [InlineData("data")]
    [InlineData("radio")]
    public void The_first_programme_with_something_to_carry_is_chosen(string first)
    {
        const int Video = 0x300;
        const int FirstMap = 0x900;
        var logger = new TimelineTests.CountingLogger();
        (byte, int, byte[])[] streams = [(first == "data" ? (byte)0x06 : StreamType.Mpeg1Audio, 0x400, [])];
        TransportStreamBuilder builder = new();
        for (int i = 0; i < 100; i++)
        {
            builder.Section(0, TransportStreamBuilder.ProgramAssociationSection(0, (3, FirstMap), (7, 0x901)));
            if (first != "absent") { builder.Section(FirstMap, TransportStreamBuilder.ProgramMapSection(3, 0, 0x400, streams)); }
            builder.Section(0x901, TransportStreamBuilder.ProgramMapSection(7, 0, Video, (StreamType.H264, Video, [])));
            AddVideo(builder, Video, i % 10 == 0 ? "K" : "P", i * Frame);
        }
        using DemuxRun run = new(logger: logger);
        run.Write(builder.ToArray(), pieceDuration: TimeSpan.FromMilliseconds(40));
        Assert.True(run.Video.Count() >= 50, $"{run.Video.Count()} pictures, {string.Join(Environment.NewLine, logger.Lines)}");
        Assert.Equal(1, run.Stats.Timelines);
        Assert.Contains(logger.Lines, line => line.Contains("Programme 3 is passed over", StringComparison.Ordinal));
        Assert.Contains(logger.Lines, line => line.Contains("Programme 7", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(0, 0x300)]
    [InlineData(7, 0x301)]
    [InlineData(99, 0x300)]                        // not listed
    public void The_configured_programme_is_carried_where_it_is_listed(int configured, int expectedPid)
    {
        TransportStreamBuilder builder = new();
        for (int i = 0; i < 50; i++)
        {
            builder.Section(0, TransportStreamBuilder.ProgramAssociationSection(0, (3, 0x900), (7, 0x901)));
            builder.Section(0x900, TransportStreamBuilder.ProgramMapSection(3, 0, 0x300, (StreamType.H264, 0x300, [])));
            builder.Section(0x901, TransportStreamBuilder.ProgramMapSection(7, 0, 0x301, (StreamType.H264, 0x301, [])));
            AddVideo(builder, 0x300, i % 10 == 0 ? "K" : "P", i * Frame);
            AddVideo(builder, 0x301, i % 10 == 0 ? "K" : "P", 100 * 90_000 + i * Frame);
        }
        using DemuxRun run = new(new TransportStreamDemuxerOptions { Program = configured });
        run.Write(builder.ToArray());
        Assert.Equal(expectedPid == 0x301, run.Video.First().Pts >= 100 * 90_000);
        Assert.Equal((1, 1), (run.Stats.ProgramChanges, run.Stats.Timelines));
    }

    [Theory]
    [InlineData("reversed")]
    [InlineData("another before")]
    [InlineData("better before")]
    public void What_is_carried_stays_while_the_map_lists_it(string change)
    {
        (byte, int, byte[]) video = (StreamType.H264, VideoPid, []);
        (byte, int, byte[]) audio = (StreamType.AacAdts, AudioPid, [0x0A, 4, .. "eng"u8, 0]);
        (byte, int, byte[]) other = (StreamType.AacAdts, 0x102, [0x0A, 4, .. "deu"u8, 0]);
        (byte, int, byte[]) broadcast = (StreamType.Mpeg1Audio, AudioPid, []);
        (byte, int, byte[])[] before = change switch { "reversed" => [video, audio, other], "better before" => [video, broadcast], _ => [video, audio] };
        (byte, int, byte[])[] after = change switch { "reversed" => [other, audio, video], "better before" => [other, broadcast, video], _ => [video, other, audio] };
        TransportStreamBuilder builder = new TransportStreamBuilder().Tables(0, before);
        for (int i = 0; i < 40; i++)
        {
            if (i >= 20) { builder.Tables(1, after); }
            AddVideo(builder, VideoPid, i % 10 == 0 ? "K" : "P", i * Frame);
            if (change != "better before") { builder.AudioPes(i * Frame, H264Pictures.Adts()); }
            builder.Pes(0x102, 0xC1, i * Frame, -1, H264Pictures.Adts(size: 60), isBounded: true);
        }
        using DemuxRun run = new();
        run.Write(builder.ToArray());
        Assert.Equal((1, 1), (run.Stats.ProgramChanges, run.Stats.Timelines));
        Assert.All(run.Audio, unit => Assert.Equal(unit.Track.Id == TransportStreamDemuxer.AudioTrackId ? 100 : 60, unit.Payload.Length));
        Assert.DoesNotContain(run.Units, unit => unit.StartsDiscontinuity);
    }

    [Fact]
    public void Languages_are_carried_beside_each_other_and_come_and_go()
    {
        (byte, int, byte[]) video = (StreamType.H264, VideoPid, []);
        (byte, int, byte[]) english = (StreamType.AacAdts, AudioPid, [0x0A, 4, .. "ENG"u8, 0]);
        (byte, int, byte[]) other = (StreamType.Ac3, 0x103, [0x0A, 4, .. "eng"u8, 0]);           // the same sound in another codec
        (byte, int, byte[]) description = (StreamType.AacAdts, 0x104, [0x0A, 4, .. "eng"u8, 3]);
        (byte, int, byte[]) german = (StreamType.AacAdts, 0x102, [0x0A, 4, .. "ger"u8, 0x80]);            // of a private kind
        TransportStreamBuilder builder = new();
        for (int i = 0; i < 60; i++)
        {
            bool hasGerman = i is < 20 or >= 40;
            builder.Tables((i / 20) + 1, hasGerman ? [video, other, english, description, german] : [video, english, other, description]);
            AddVideo(builder, VideoPid, i % 10 == 0 ? "K" : "P", i * Frame);
            builder.AudioPes(i * Frame, H264Pictures.Adts());
            if (hasGerman) { builder.Pes(0x102, 0xC1, i * Frame, -1, H264Pictures.Adts(size: 60), isBounded: true); }
            builder.Pes(0x104, 0xC2, i * Frame, -1, H264Pictures.Adts(size: 70), isBounded: true);
        }
        using DemuxRun run = new();
        run.Write(builder.ToArray());
        var tracks = run.Audio.GroupBy(unit => unit.Track.Id).Select(group => (Track: (AudioTrack)group.First().Track, Length: group.First().Payload.Length, Count: group.Count())).ToArray();
        Assert.Equal([("eng", AudioPurpose.Main, 100), ("eng", AudioPurpose.VisualImpaired, 70), ("ger", AudioPurpose.Main, 60)],
            tracks.OrderBy(track => track.Track.Id).Select(track => (track.Track.Language, track.Track.Purpose, track.Length)));
        Assert.Equal((1, 1), (run.Stats.ProgramChanges, run.Stats.Timelines));
        Assert.DoesNotContain(run.Units, unit => unit.StartsDiscontinuity);
        Assert.InRange(tracks.Single(track => track.Track.Language == "ger").Count, 36, 40);
        Assert.Equal([2, 1, 2], run.Layouts.Select(layout => layout.MoreAudio));
    }

    [Theory]
    [InlineData(new byte[] { 0x02, 0x1B }, new byte[] { 0x03, 0x81, 0x0F }, Codec.H264)]
    [InlineData(new byte[] { 0x1B, 0x02 }, new byte[] { 0x0F, 0x81, 0x03 }, Codec.H264)]
    [InlineData(new byte[] { 0x1B, 0x24 }, new byte[] { 0x03, 0x0F }, Codec.H264)]
    public void What_needs_the_least_work_is_carried(byte[] videoTypes, byte[] audioTypes, Codec expected)
    {
        (byte, int, byte[])[] streams = [.. videoTypes.Select(type => (type, type == StreamType.H264 ? VideoPid : 0x300 + type, (byte[])[])),
            .. audioTypes.Select(type => (type, type == StreamType.AacAdts ? AudioPid : 0x300 + type, (byte[])[]))];
        TransportStreamBuilder builder = new();
        for (int i = 0; i < 20; i++)
        {
            builder.Tables(0, streams).AudioPes(i * Frame, H264Pictures.Adts());
            AddVideo(builder, VideoPid, i % 10 == 0 ? "K" : "P", i * Frame);
        }
        using DemuxRun run = new();
        run.Write(builder.ToArray());
        Assert.Equal((expected, Codec.Aac), (run.Video.First().Track.Codec, run.Audio.First().Track.Codec));
        Assert.Equal(streams.Length - 2, run.Stats.IgnoredStreams);
    }

    [Fact]
    public void What_is_not_carried_is_named_once()
    {
        var logger = new TimelineTests.CountingLogger();
        (byte, int, byte[])[] streams = [(0x21, 0x300, []), (StreamType.H264, VideoPid, []), (0x15, 0x301, []), (StreamType.AacAdts, AudioPid, []), (StreamType.AacAdts, 0x302, []),
            (0x06, 0x303, [5, 4, .. "BSSD"u8]), (0x06, 0x304, []), (0x86, 0x305, []), (0x06, 0x306, [5, 4, 0, 10, 13, 7])];
        TransportStreamBuilder builder = new();
        for (int i = 0; i < 20; i++)
        {
            builder.Tables(0, streams).Pes(0x303, 0xBD, i * Frame, -1, new byte[50], isBounded: true);
            AddVideo(builder, VideoPid, i % 10 == 0 ? "K" : "P", i * Frame);
        }
        using DemuxRun run = new(logger: logger);
        run.Write(builder.ToArray());
        Assert.Equal(6, run.Stats.IgnoredStreams);
        Assert.Equal(6, logger.Lines.Count(l => l.Contains("ignored", StringComparison.Ordinal)));
        Assert.Contains(logger.Lines, l => l.Contains("private data 'BSSD'", StringComparison.Ordinal));
        Assert.Contains(logger.Lines, l => l.Contains("private data '????'", StringComparison.Ordinal));
        Assert.Equal(20, run.Stats.IgnoredPackets);
        Assert.True(run.Layouts.Single() is { HasVideo: true, HasAudio: true });
    }

    [Fact]
    public void A_restart_continues_with_the_same_track_behind_a_discontinuity()
    {
        byte[] stream = FfmpegSample.Make(FfmpegSample.Inputs("320x180", "25", 4, withAudio: true) + " -c:v libx264 -preset ultrafast -g 25 -bf 0 -c:a aac");
        using DemuxRun run = new();
        run.Write(stream.AsSpan(0, stream.Length / 2 + 77));
        int before = run.Video.Count();
        run.Demuxer.Restart();
        run.Write(stream);                                                          // the encoder's clock is back at its start
        List<DemuxRun.Unit> video = run.Video.ToList();
        Assert.Equal([before], video.Select((u, i) => u.StartsDiscontinuity ? i : -1).Where(i => i >= 0));
        Assert.True(video[before].IsRandomAccess);
        Assert.Equal(video[0].Pts, video[before].Pts);
        Assert.Single(video.Select(u => u.Track).Distinct(ReferenceEqualityComparer.Instance));
        Assert.Single(run.Audio, u => u.StartsDiscontinuity);
        Assert.InRange(video.Count - before, 99, 100);
        Assert.Equal((2, 0, 0), (run.Stats.Timelines, run.Stats.TimestampJumps, run.Stats.ContinuityErrors));
        Assert.Single(run.Layouts);
    }

    [Fact]
    public void A_change_of_resolution_is_a_new_track_on_the_same_timeline()
    {
        static byte[] Make(string size, int offset) => FfmpegSample.Make(FfmpegSample.Inputs(size, "25", 2, withAudio: false)
            + $" -c:v libx264 -preset ultrafast -g 25 -bf 0 -muxdelay 0 -muxpreload 0 -output_ts_offset {offset}");
        using DemuxRun run = new();
        run.Write([.. Make("320x180", 0), .. Make("640x360", 2)]);
        Assert.Equal(["320x180", "640x360"], run.Video.Select(u => (VideoTrack)u.Track).Select(t => $"{t.Width}x{t.Height}").Distinct());
        Assert.DoesNotContain(run.Video, u => u.StartsDiscontinuity);
        Assert.True(run.Video.First(u => ((VideoTrack)u.Track).Width == 640).IsRandomAccess);
        Assert.InRange(run.Video.Count(), 98, 100);
    }

    /// <summary>The second and third part have another picture parameter set of the same id.</summary>
    [Theory]
    [InlineData("-c:v libx264 -preset ultrafast -bf 0 -x264-params chroma-qp-offset=", new byte[] { 7, 8 })]
    [InlineData("-c:v libx265 -preset ultrafast -x265-params log-level=none:bframes=0:cbqpoffs=", new byte[] { 32, 33, 34 })]
    public void Parameter_sets_that_change_are_carried_by_random_access_points_and_the_track_stays(string encoder, byte[] types)
    {
        byte[] Make(int qpOffset, int second) => FfmpegSample.Make(FfmpegSample.Inputs("320x180", "25", 2, withAudio: false)
            + $" {encoder}{qpOffset} -g 25 -pix_fmt yuv420p -muxdelay 0 -muxpreload 0 -output_ts_offset {second}");
        using DemuxRun run = new() { AllowsParameterSets = true };
        run.Write([.. Make(0, 0), .. Make(3, 2), .. Make(0, 4)]);
        DemuxRun.Unit[] units = [.. run.Video];
        Assert.Single(units.Select(u => u.Track).Distinct(ReferenceEqualityComparer.Instance));
        Assert.DoesNotContain(units, u => u.StartsDiscontinuity);
        DemuxRun.Unit[] points = [.. units.Where(u => u.IsRandomAccess)];
        Assert.Equal(6, points.Length);
        Assert.All(points[..2], u => Assert.Empty(SetsOf(u)));
        Assert.All(points[2..], u => Assert.Equal(types, SetsOf(u)));             // those of the first part as well, since a decoder may have the others
        Assert.All(points[2..], u => Assert.Equal(types, u.NalUnits().Take(types.Length).Select(TypeOf)));
        Assert.All(units.Where(u => !u.IsRandomAccess), u => Assert.Empty(SetsOf(u)));

        byte TypeOf(byte[] nalUnit) => (byte)(types.Length == 2 ? nalUnit[0] & 0x1F : (nalUnit[0] >> 1) & 0x3F);
        IEnumerable<byte> SetsOf(DemuxRun.Unit unit) => unit.NalUnits().Select(TypeOf).Where(types.Contains);
    }

    [Fact]
    public void A_change_of_codec_is_a_new_programme()
    {
        byte[] h264 = FfmpegSample.Make(FfmpegSample.Inputs("320x180", "25", 2, withAudio: true) + " -c:v libx264 -preset ultrafast -g 25 -bf 0 -c:a aac");
        byte[] hevc = FfmpegSample.Make(FfmpegSample.Inputs("320x180", "25", 2, withAudio: true) + " -c:v libx265 -preset ultrafast -x265-params log-level=none:keyint=25:open-gop=0 -c:a libopus");
        using DemuxRun run = new();
        run.Write([.. h264, .. hevc, .. h264]);
        Assert.Equal([Codec.H264, Codec.H265, Codec.H264], Runs(run.Video));
        Assert.Equal([Codec.Aac, Codec.Opus, Codec.Aac], Runs(run.Audio));
        Assert.Equal((2, 2), (run.Video.Count(u => u.StartsDiscontinuity), run.Audio.Count(u => u.StartsDiscontinuity)));
        Assert.Equal(3, run.Stats.ProgramChanges);
        Assert.All(run.Units, u => Assert.Equal(u.Track is VideoTrack ? 1 : 2, u.Track.Id));

        static List<Codec> Runs(IEnumerable<DemuxRun.Unit> units)
        {
            List<Codec> codecs = [];
            foreach (DemuxRun.Unit unit in units) { if (codecs.Count == 0 || codecs[^1] != unit.Track.Codec) { codecs.Add(unit.Track.Codec); } }
            return codecs;
        }
    }

    [Fact]
    public void Open_GOPs_of_HEVC_start_with_a_CRA_picture_and_without_the_pictures_it_skips()
    {
        byte[] stream = FfmpegSample.Make(FfmpegSample.Inputs("320x180", "25", 12, withAudio: false)
            + " -c:v libx265 -preset ultrafast -x265-params log-level=none:keyint=25:min-keyint=25:scenecut=0:bframes=3:open-gop=1");
        List<FfmpegSample.ProbedPacket> probed = FfmpegSample.Probe(stream);
        using DemuxRun all = new();
        all.Write(stream);
        Assert.InRange(all.Video.Count(), 299, 300);                                 // from the IDR picture on nothing is dropped
        Assert.Equal(12, all.Video.Count(u => u.FrameType == FrameType.Key));
        Assert.True(all.Video.Count(u => u.IsRandomAccess) >= 6);                     // behind the patience every CRA is taken

        int second = FindVideoPacket(stream, 30);                                    // join in the middle of the second GOP
        using DemuxRun joined = new();
        joined.Write([.. stream[..(3 * 188)], .. stream[second..]]);
        DemuxRun.Unit start = joined.Video.First();
        Assert.True(start is { IsRandomAccess: true, FrameType: FrameType.Key });
        Assert.DoesNotContain(joined.Video, u => u.Pts < start.Pts);
        Assert.Equal(probed.Count(p => p.Pts >= start.Pts), joined.Video.Count(), 1.0);
    }

    [Fact]
    public void Clean_open_GOPs_are_found_out()
    {
        byte[] stream = FfmpegSample.Make(FfmpegSample.Inputs("320x180", "25", 4, withAudio: false)
            + " -c:v libx265 -preset ultrafast -x265-params log-level=none:keyint=25:min-keyint=25:scenecut=0:bframes=0:open-gop=1");
        using DemuxRun run = new();
        run.Write(stream);
        Assert.Equal(4, run.Video.Count(u => u.IsRandomAccess));
    }

    private static int FindVideoPacket(byte[] stream, int unit)
    {
        for (int i = 0; i < stream.Length; i += 188)
        {
            bool startsVideo = (stream[i + 1] & 0x5F) == 0x41 && stream[i + 2] == 0;
            if (startsVideo && unit-- == 0) { return i; }
        }
        throw new ArgumentOutOfRangeException(nameof(unit));
    }
}
