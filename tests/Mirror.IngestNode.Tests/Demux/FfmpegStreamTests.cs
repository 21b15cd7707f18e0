using Mirror.Media.Cmaf;
using Mirror.Media.Frames;

namespace Mirror.IngestNode.Tests.Demux;

/// <summary>Streams of real encoders: every frame, every timestamp and every key frame as FFprobe reports them.</summary>
public class FfmpegStreamTests
{
    private sealed record Case(string Size, string Rate, string Encoders, bool WithAudio, Codec Video, Codec Audio, int Width, int Height, Rational FrameRate);

    private static string X264(int gop, int bFrames, string more = "") => $"-c:v libx264 -preset ultrafast -g {gop} -keyint_min {gop} -sc_threshold 0 -bf {bFrames} {more}";

    private static string X265(int gop, int bFrames, string more) => $"-c:v libx265 -preset ultrafast -x265-params log-level=none:keyint={gop}:min-keyint={gop}:scenecut=0:bframes={bFrames}:{more}";

    private static string Mpeg2(int gop, int bFrames, string more) => $"-c:v mpeg2video -g {gop} -bf {bFrames} -sc_threshold 1000000000 -b:v 3M {more}";

    private static readonly Dictionary<string, Case> Cases = new()
    {
        ["H.264 25, AAC"] = new("640x360", "25", X264(25, 0) + " -c:a aac", true, Codec.H264, Codec.Aac, 640, 360, new(25, 1)),
        ["H.264 29.97 with B-frames, AAC"] = new("640x360", "30000/1001", X264(15, 2) + " -c:a aac", true, Codec.H264, Codec.Aac, 640, 360, new(30_000, 1_001)),
        ["H.264 30, LATM"] = new("320x180", "30", X264(30, 2) + " -c:a aac -mpegts_flags latm", true, Codec.H264, Codec.Aac, 320, 180, new(30, 1)),
        ["H.264 50, Opus"] = new("320x180", "50", X264(25, 2) + " -c:a libopus", true, Codec.H264, Codec.Opus, 320, 180, new(50, 1)),
        ["H.264 60, 1080p crop, slices"] = new("1920x1080", "60", X264(60, 0, "-slices 4"), false, Codec.H264, Codec.Aac, 1920, 1080, new(60, 1)),
        ["H.264 b-pyramid"] = new("320x180", "25", X264(50, 4, "-preset veryfast -b-pyramid normal -refs 4"), false, Codec.H264, Codec.Aac, 320, 180, new(25, 1)),
        ["H.264 interlaced"] = new("720x576", "25", X264(25, 2, "-flags +ilme+ildct -x264-params tff=1"), false, Codec.H264, Codec.Aac, 720, 576, new(25, 1)),
        ["H.264 high 4:2:2 ten bits"] = new("322x182", "25", X264(25, 2, "-pix_fmt yuv422p10le"), false, Codec.H264, Codec.Aac, 322, 182, new(25, 1)),
        ["HEVC 25, AAC"] = new("640x360", "25", X265(25, 0, "open-gop=0") + " -c:a aac", true, Codec.H265, Codec.Aac, 640, 360, new(25, 1)),
        ["HEVC 50 with B-frames"] = new("320x180", "50", X265(25, 3, "open-gop=0"), false, Codec.H265, Codec.Aac, 320, 180, new(50, 1)),
        ["HEVC ten bits 59.94"] = new("322x182", "60000/1001", X265(30, 2, "open-gop=0") + " -pix_fmt yuv420p10le", false, Codec.H265, Codec.Aac, 322, 182, new(60_000, 1_001)),
        ["H.264 25, MP2"] = new("320x180", "25", X264(25, 0) + " -c:a mp2 -b:a 192k", true, Codec.H264, Codec.MpegAudio, 320, 180, new(25, 1)),
        ["H.264 25, MP3"] = new("320x180", "25", X264(25, 0) + " -c:a libmp3lame -b:a 128k", true, Codec.H264, Codec.MpegAudio, 320, 180, new(25, 1)),
        ["H.264 30, AC-3"] = new("320x180", "30", X264(30, 2) + " -c:a ac3 -b:a 192k", true, Codec.H264, Codec.Ac3, 320, 180, new(30, 1)),
        ["H.264 25, AC-3 of DVB"] = new("320x180", "25", X264(25, 0) + " -c:a ac3 -b:a 192k -mpegts_flags system_b", true, Codec.H264, Codec.Ac3, 320, 180, new(25, 1)),
        ["H.264 25, E-AC-3"] = new("320x180", "25", X264(25, 0) + " -c:a eac3 -b:a 128k", true, Codec.H264, Codec.Eac3, 320, 180, new(25, 1)),
        ["H.264 25, E-AC-3 of DVB"] = new("320x180", "25", X264(25, 0) + " -c:a eac3 -b:a 128k -mpegts_flags system_b", true, Codec.H264, Codec.Eac3, 320, 180, new(25, 1)),
        ["MPEG-2 25 with B-frames, MP2"] = new("720x576", "25", Mpeg2(12, 2, "-aspect 16:9") + " -c:a mp2", true, Codec.Mpeg2Video, Codec.MpegAudio, 720, 576, new(25, 1)),
        ["MPEG-2 29.97 interlaced, closed GOPs"] = new("720x480", "30000/1001", Mpeg2(15, 2, "-flags +ilme+ildct+cgop -aspect 4:3"), false, Codec.Mpeg2Video, Codec.Aac, 720, 480, new(30_000, 1_001)),
        ["MPEG-2 50, 4:2:2, intra"] = new("1280x720", "50", Mpeg2(1, 0, "-pix_fmt yuv422p -qscale:v 4"), false, Codec.Mpeg2Video, Codec.Aac, 1280, 720, new(50, 1)),
        ["MPEG-1 25, MP2"] = new("352x288", "25", "-c:v mpeg1video -g 10 -bf 2 -b:v 1M -c:a mp2", true, Codec.Mpeg2Video, Codec.MpegAudio, 352, 288, new(25, 1)),
        ["H.264 across the wrap"] = new("320x180", "25", X264(25, 2) + " -c:a aac -output_ts_offset 95441.5", true, Codec.H264, Codec.Aac, 320, 180, new(25, 1)),
    };

    public static TheoryData<string> CaseNames => new(Cases.Keys);

    private static byte[] Make(Case sample, double seconds = 4)
        => FfmpegSample.Make(FfmpegSample.Inputs(sample.Size, sample.Rate, seconds, sample.WithAudio) + " " + sample.Encoders);

    [Theory, MemberData(nameof(CaseNames))]
    public void Every_frame_arrives_with_its_timestamps(string name)
    {
        Case sample = Cases[name];
        byte[] stream = Make(sample);
        List<FfmpegSample.ProbedPacket> probed = FfmpegSample.Probe(stream);
        using DemuxRun run = new();
        run.Write(stream);

        List<FfmpegSample.ProbedPacket> expectedVideo = probed.Where(p => p.IsVideo).ToList();
        List<DemuxRun.Unit> video = run.Video.ToList();
        Assert.InRange(video.Count, expectedVideo.Count - 1, expectedVideo.Count);       // the last picture has no successor that would end it, if it fills its packets
        expectedVideo = expectedVideo[..video.Count];
        long zero = video[0].Pts - expectedVideo[0].Pts!.Value;
        Assert.Equal(expectedVideo.Select(p => p.Pts!.Value), video.Select(u => u.Pts - zero));
        Assert.Equal(expectedVideo.Select(p => p.Dts!.Value), video.Select(u => u.Dts - zero));
        Assert.Equal(expectedVideo.Select(p => p.IsKey), video.Select(u => u.IsRandomAccess));
        Assert.Equal(expectedVideo.Select(p => p.IsKey), video.Select(u => u.FrameType == FrameType.Key));
        if (sample.Video == Codec.Mpeg2Video) { Assert.Equal(expectedVideo.Select(p => p.Size), video.Select(u => u.Payload.Length)); }      // as it stands in the stream

        Track track = video[^1].Track;
        Assert.Equal((sample.Video, sample.Width, sample.Height, sample.FrameRate), (track.Codec, ((VideoTrack)track).Width, ((VideoTrack)track).Height, ((VideoTrack)track).FrameRate));
        Assert.Single(video.Select(u => u.Track).Distinct(ReferenceEqualityComparer.Instance));
        Assert.Equal(sample.WithAudio, run.Layouts.Single().HasAudio);
        if (sample.WithAudio) { CheckAudio(sample, run, probed, zero); }
        Assert.All(run.Units, u => Assert.False(u.StartsDiscontinuity));

        Assert.Equal((0, 0, 0), (run.Stats.ContinuityErrors, run.Stats.Video.DroppedUnits, run.Stats.Video.BadTimestamps));
        Assert.Equal((0, 0, 0), (run.Stats.Malformed, run.Stats.BadPesPackets, run.Stats.BadSections));
        Assert.Equal(1, run.Stats.Timelines);
        Assert.Equal(video.Count, run.Stats.KeyFrames + run.Stats.PredictedFrames + run.Stats.BidirectionalFrames);
    }

    private static void CheckAudio(Case sample, DemuxRun run, List<FfmpegSample.ProbedPacket> probed, long zero)
    {
        List<DemuxRun.Unit> audio = run.Audio.ToList();
        long first = audio[0].Pts - zero;
        List<FfmpegSample.ProbedPacket> expected = probed.Where(p => !p.IsVideo && p.Pts >= first - 2).ToList();
        Assert.True(probed.Count(p => !p.IsVideo) - expected.Count <= 8, "too much audio was dropped before the first picture");
        Assert.InRange(audio.Count, expected.Count - 1, expected.Count);
        for (int i = 0; i < audio.Count; i++) { Assert.InRange(audio[i].Pts - zero - expected[i].Pts!.Value, -2, 2); }
        Assert.All(audio, u => Assert.Equal(SamplesPerFrame(sample.Audio), u.SampleCount));
        bool isWhole = sample.Audio is not (Codec.Aac or Codec.Opus);
        if (isWhole) { Assert.Equal(expected[..audio.Count].Select(p => p.Size), audio.Select(u => u.Payload.Length)); }
        var track = (AudioTrack)audio[0].Track;
        Assert.Equal((sample.Audio, 48_000, 2), (track.Codec, track.SampleRate, track.Channels));
        Assert.Single(audio.Select(u => u.Track).Distinct(ReferenceEqualityComparer.Instance));
        DemuxRun.Unit video = run.Video.First();
        DateTime expectedTime = video.ProgramTime.AddSeconds((audio[0].Pts - video.Pts) / 90_000.0);
        Assert.InRange((audio[0].ProgramTime - expectedTime).TotalMilliseconds, -1, 1);
    }

    private static int SamplesPerFrame(Codec codec) => codec switch { Codec.Aac => 1024, Codec.Opus => 960, Codec.MpegAudio => 1152, _ => 1536 };

    [Theory, MemberData(nameof(CaseNames))]
    public void Pieces_of_any_size_give_the_same_units(string name)
    {
        byte[] stream = Make(Cases[name]);
        using DemuxRun whole = new();
        whole.Write(stream, stream.Length);
        foreach (int size in new[] { 188, 1316, 1000, 4096 })
        {
            using DemuxRun pieces = new();
            pieces.Write(stream, size);
            Assert.Equal(whole.Units.Select(u => (u.Pts, u.Dts, u.FrameType, u.Payload.Length)), pieces.Units.Select(u => (u.Pts, u.Dts, u.FrameType, u.Payload.Length)));
        }
    }

    [Fact]
    public void A_split_at_every_byte_gives_the_same_units()
    {
        byte[] stream = Make(Cases["H.264 30, LATM"])[..(188 * 250)];
        using DemuxRun whole = new();
        whole.Write(stream, stream.Length);
        Assert.NotEmpty(whole.Units);
        for (int cut = 1; cut < 188 * 12; cut++)
        {
            using DemuxRun run = new();
            run.Write(stream.AsSpan(0, cut), int.MaxValue);
            run.Write(stream.AsSpan(cut), int.MaxValue);
            Assert.Equal(whole.Units.Select(u => (u.Pts, u.Payload.Length)), run.Units.Select(u => (u.Pts, u.Payload.Length)));
        }
    }

    [Theory, MemberData(nameof(CaseNames))]
    public void What_is_delivered_decodes_without_an_error(string name)
    {
        Case sample = Cases[name];
        using DemuxRun run = new();
        run.Write(Make(sample));
        int decoded = Decode(FormatName(sample.Video), Elementary(run.Video));
        Assert.Equal(run.Video.Count(), decoded);
        if (!sample.WithAudio || sample.Audio is Codec.Aac or Codec.Opus) { return; }
        Assert.True(Decode(FormatName(sample.Audio), [.. run.Audio.SelectMany(u => u.Payload)]) >= run.Audio.Count() - 1);      // MP3 primes with one frame
    }

    [Theory, MemberData(nameof(CaseNames))]
    public void What_is_delivered_has_a_place_in_cmaf_or_says_that_it_has_none(string name)
    {
        Case sample = Cases[name];
        using DemuxRun run = new();
        run.Write(Make(sample));
        foreach (List<DemuxRun.Unit> units in new[] { run.Video.ToList(), run.Audio.ToList() }.Where(units => units.Count > 0))
        {
            Track track = units[^1].Track;
            if (track.Codec.IsDeliverable()) { Assert.Equal(units.Count, Decode("mp4", Package(units))); }
            else { Assert.Throws<ArgumentException>(() => InitSegment.Write(track, 90_000)); }
        }
    }

    /// <summary>A fragmented file of one chunk.</summary>
    internal static byte[] Package(List<DemuxRun.Unit> units)
    {
        uint timescale = units[^1].Track is AudioTrack audio ? (uint)audio.SampleRate : 90_000;
        Sample[] samples = new Sample[units.Count];
        for (int i = 0; i < samples.Length; i++)
        {
            long ticks = i + 1 < units.Count ? units[i + 1].Dts - units[i].Dts : units[i].Dts - units[i - 1].Dts;
            uint duration = units[i].SampleCount > 0 ? (uint)units[i].SampleCount : (uint)ticks;
            samples[i] = new Sample(units[i].Payload.Length, duration, (int)(units[i].Pts - units[i].Dts), units[i].IsRandomAccess ? SampleFlags.Sync : SampleFlags.NonSync);
        }
        var header = new byte[Chunk.HeaderSize(samples)];
        Chunk.WriteHeader(header, 1, 0, samples);
        return [.. InitSegment.Write(units[^1].Track, timescale), .. header, .. units.SelectMany(unit => unit.Payload)];
    }

    private static string FormatName(Codec codec) => codec switch
    {
        Codec.H264 => "h264",
        Codec.H265 => "hevc",
        Codec.Mpeg2Video => "mpegvideo",
        Codec.MpegAudio => "mp3",
        Codec.Ac3 => "ac3",
        _ => "eac3",
    };

    private static byte[] Elementary(IEnumerable<DemuxRun.Unit> units)
    {
        List<byte> elementary = [];
        foreach (DemuxRun.Unit unit in units)
        {
            if (unit.Track.Codec == Codec.Mpeg2Video)
            {
                elementary.AddRange(unit.Payload);
                continue;
            }
            if (unit.IsRandomAccess) { foreach (byte[] set in ParameterSets(unit.Track)) { elementary.AddRange([0, 0, 0, 1, .. set]); } }
            foreach (byte[] nalUnit in unit.NalUnits()) { elementary.AddRange([0, 0, 0, 1, .. nalUnit]); }
        }
        return [.. elementary];
    }

    /// <summary>Frames that FFmpeg decodes of an elementary stream; any error fails the test.</summary>
    internal static int Decode(string format, byte[] stream)
    {
        byte[] frames = FfmpegSample.Run("ffmpeg", $"-v error -xerror -err_detect explode -f {format} -i - -f framecrc -", stream);
        return System.Text.Encoding.UTF8.GetString(frames).Split('\n').Count(l => l.Length > 0 && l[0] != '#');
    }

    /// <summary>The parameter sets of an avcC or hvcC record.</summary>
    internal static IEnumerable<byte[]> ParameterSets(Track track)
    {
        byte[] record = track.DecoderConfiguration.ToArray();
        int position = track.Codec == Codec.H264 ? 5 : 22;
        int arrays = track.Codec == Codec.H264 ? 2 : record[position++];
        for (int array = 0; array < arrays; array++)
        {
            int count = track.Codec == Codec.H264 ? record[position++] & 0x1F : (record[position + 1] << 8) | record[position + 2];
            if (track.Codec != Codec.H264) { position += 3; }
            for (int i = 0; i < count; i++)
            {
                int length = (record[position] << 8) | record[position + 1];
                yield return record[(position + 2)..(position + 2 + length)];
                position += 2 + length;
            }
        }
    }

    [Fact]
    public void The_wrap_is_counted_once_a_track()
    {
        using DemuxRun run = new();
        run.Write(Make(Cases["H.264 across the wrap"]));
        Assert.Equal((1, 1), (run.Stats.Video.Wraps, run.Stats.Audio.Wraps));
        Assert.Contains(run.Video, u => u.Pts > 1L << 33);
    }

    [Fact]
    public void A_picture_is_delivered_by_the_packet_that_ends_it()
    {
        byte[] stream = Make(Cases["H.264 25, AAC"]);
        using DemuxRun run = new();
        int late = 0;
        int pictures = 0;
        for (int i = 0; i < stream.Length; i += 188)
        {
            run.Write(stream.AsSpan(i, 188));
            bool startsVideo = (stream[i + 1] & 0x5F) == 0x41 && stream[i + 2] == 0;
            if (!startsVideo || ++pictures < 13) { continue; }               // the first pictures teach how the multiplexer stuffs
            if (run.Video.Count() < pictures - 1) { late++; }
        }
        Assert.True(late <= 1, $"{late} of {pictures} pictures waited for the next");       // one in 184 fills its last packet
    }
}
