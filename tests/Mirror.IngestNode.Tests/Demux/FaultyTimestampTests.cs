namespace Mirror.IngestNode.Tests.Demux;

/// <summary>Timestamps that are absurd, sparse or missing, in streams of real encoders: no picture is lost, and all are shown when they should be.</summary>
public class FaultyTimestampTests
{
    private const int VideoPid = 0x100;
    private const int AudioPid = 0x101;
    private const long Second = 90_000;

    private static readonly Dictionary<string, string> Encoders = new()
    {
        ["H.264"] = "-c:v libx264 -preset ultrafast -g 25 -bf 0",
        ["H.264, B-frames"] = "-c:v libx264 -preset veryfast -g 25 -bf 3 -b_strategy 0 -sc_threshold 0",
        ["H.264, open GOP"] = "-c:v libx264 -preset veryfast -g 25 -bf 2 -b_strategy 0 -sc_threshold 0 -x264-params open-gop=1",
        ["HEVC, B-frames"] = "-c:v libx265 -preset ultrafast -x265-params keyint=25:min-keyint=25:scenecut=0:open-gop=0:bframes=3:b-adapt=0:log-level=error",
        ["MPEG-2"] = "-c:v mpeg2video -g 12 -bf 2 -sc_threshold 1000000000",
    };

    public static TheoryData<string> Names => new(Encoders.Keys);

    private static byte[] Stream(string encoder)
        => FfmpegSample.Make(FfmpegSample.Inputs("160x90", "25", 8, withAudio: true) + $" {Encoders[encoder]} -pix_fmt yuv420p -c:a aac -b:a 64k");

    /// <summary>What is played of it is what is played of the stream as it was.</summary>
    private static void AssertSame(string encoder, PesEdit.Change change, int tolerance = 0, int pid = VideoPid)
    {
        byte[] stream = Stream(encoder);
        using DemuxRun expected = new DemuxRun().Write(stream);
        using DemuxRun run = new DemuxRun().Write(PesEdit.Apply(stream, pid, change));
        Assert.Equal((1, 0), (run.Stats.Timelines, run.Stats.TimestampJumps));
        Assert.Equal((0, 0), (run.Stats.Video.BadTimestamps, run.Stats.Audio.BadTimestamps));
        AssertSame([.. expected.Video], [.. run.Video], tolerance);
        AssertSame([.. expected.Audio], [.. run.Audio], tolerance: 2);
    }

    private static void AssertSame(DemuxRun.Unit[] expected, DemuxRun.Unit[] units, int tolerance)
    {
        Assert.Equal(expected.Length, units.Length);
        for (int i = 0; i < units.Length; i++)
        {
            Assert.Equal(expected[i].Payload, units[i].Payload);
            Assert.True(Math.Abs(expected[i].Pts - units[i].Pts) <= tolerance, $"unit {i}: PTS {units[i].Pts} rather than {expected[i].Pts}");
        }
    }

    [Theory, MemberData(nameof(Names))]
    public void Single_pictures_stamped_hours_or_a_little_off_are_shown_in_their_place(string encoder)
    {
        foreach (double seconds in new[] { -9_800, 9_800, 47_000, 3, -3, 0.3, -0.3, 0.07, -0.07 })
        {
            foreach (bool isKey in new[] { true, false })
            {
                int next = 40;
                AssertSame(encoder, (header, index, isRandomAccess) =>
                {
                    if (index < next || isRandomAccess != isKey) { return; }
                    header.Shift((long)(seconds * Second));
                    next = index + 20;
                });
            }
        }
    }

    [Theory, MemberData(nameof(Names))]
    public void Timestamps_on_few_pictures_are_enough(string encoder)
    {
        foreach (int every in new[] { 2, 3, 7, 12, 25, 40 })
        {
            AssertSame(encoder, (header, index, _) =>
            {
                if (index % every != 0) { header.DropAll(); }
            });
        }
    }

    [Theory, MemberData(nameof(Names))]
    public void Decoding_times_are_not_asked_for(string encoder) => AssertSame(encoder, static (header, _, _) => header.DropDts());

    [Theory, MemberData(nameof(Names))]
    public void Marker_bits_are_not_asked_for(string encoder) => AssertSame(encoder, static (header, _, _) => header.ClearMarkers());

    [Theory]
    [InlineData(9_800)]
    [InlineData(-9_800)]
    [InlineData(3)]
    [InlineData(-3)]
    public void Single_audio_packets_stamped_off_are_heard_in_their_place(double seconds)
        => AssertSame("H.264", (header, index, _) =>
        {
            if (index % 10 == 9) { header.Shift((long)(seconds * Second)); }
        }, pid: AudioPid);

    /// <summary>The first key frame has none, so the stamps before it must tell.</summary>
    [Fact]
    public void A_stream_starts_at_a_key_frame_without_a_timestamp()
    {
        byte[] stream = Stream("H.264, B-frames");
        using DemuxRun run = new DemuxRun().Write(PesEdit.Apply(stream, VideoPid, static (header, index, _) =>
        {
            if (index % 25 != 10) { header.DropAll(); }
        }));
        long[] shown = [.. run.Video.Select(unit => unit.Pts).Order()];
        Assert.InRange(shown.Length, 170, 200);
        Assert.All(shown.Zip(shown.Skip(1)), pair => Assert.Equal(3_600, pair.Second - pair.First));
    }
}
