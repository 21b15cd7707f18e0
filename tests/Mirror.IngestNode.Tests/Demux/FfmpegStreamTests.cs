using Mirror.Media.Frames;

namespace Mirror.IngestNode.Tests.Demux;

/// <summary>Streams of real encoders: every frame, every timestamp and every key frame as FFprobe reports them.</summary>
public class FfmpegStreamTests
{
    private sealed record Case(string Size, string Rate, string Encoders, bool WithAudio, Codec Video, Codec Audio, int Width, int Height, Rational FrameRate);

    private static string X264(int gop, int bFrames, string more = "") => $"-c:v libx264 -preset ultrafast -g {gop} -keyint_min {gop} -sc_threshold 0 -bf {bFrames} {more}";

    private static string X265(int gop, int bFrames, string more) => $"-c:v libx265 -preset ultrafast -x265-params log-level=none:keyint={gop}:min-keyint={gop}:scenecut=0:bframes={bFrames}:{more}";

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
        Assert.All(audio, u => Assert.Equal(sample.Audio == Codec.Opus ? 960 : 1024, u.SampleCount));
        var track = (AudioTrack)audio[0].Track;
        Assert.Equal((sample.Audio, 48_000, 2), (track.Codec, track.SampleRate, track.Channels));
        Assert.Single(audio.Select(u => u.Track).Distinct(ReferenceEqualityComparer.Instance));
        DemuxRun.Unit video = run.Video.First();
        DateTime expectedTime = video.ProgramTime.AddSeconds((audio[0].Pts - video.Pts) / 90_000.0);
        Assert.InRange((audio[0].ProgramTime - expectedTime).TotalMilliseconds, -1, 1);
    }

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
        List<byte> elementary = [];
        foreach (DemuxRun.Unit unit in run.Video)
        {
            if (unit.IsRandomAccess) { foreach (byte[] set in ParameterSets(unit.Track)) { elementary.AddRange([0, 0, 0, 1, .. set]); } }
            foreach (byte[] nalUnit in unit.NalUnits()) { elementary.AddRange([0, 0, 0, 1, .. nalUnit]); }
        }
        string format = sample.Video == Codec.H264 ? "h264" : "hevc";
        byte[] frames = FfmpegSample.Run("ffmpeg", $"-v error -xerror -err_detect explode -f {format} -i - -f framecrc -", [.. elementary]);
        int decoded = System.Text.Encoding.UTF8.GetString(frames).Split('\n').Count(l => l.Length > 0 && l[0] != '#');
        Assert.Equal(run.Video.Count(), decoded);
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
