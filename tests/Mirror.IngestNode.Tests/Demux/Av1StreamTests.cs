using System.Buffers.Binary;
using Mirror.Media.Codecs.Av1;
using Mirror.Media.Frames;
using Mirror.Media.MpegTs;
using Mirror.Media.Tests.MpegTs;

namespace Mirror.IngestNode.Tests.Demux;

/// <summary>AV1 of real encoders in transport streams written here by AOM's draft, since FFmpeg 5.1 writes none.</summary>
public class Av1StreamTests
{
    private const string Svt = "-c:v libsvtav1 -preset 12 -g 25";
    private const string Aom = "-c:v libaom-av1 -cpu-used 8 -usage realtime -g 15";
    private const long FirstPts = 126_000;

    private sealed record Case(string Size, int Rate, string Encoder, bool HasStartCodes);

    private static readonly Dictionary<string, Case> Cases = new()
    {
        ["SVT-AV1 with start codes"] = new("320x180", 25, Svt, true),
        ["SVT-AV1, bare units"] = new("320x180", 25, Svt, false),
        ["libaom with start codes"] = new("322x182", 30, Aom, true),
        ["libaom, ten bits, bare units"] = new("322x182", 30, "-pix_fmt yuv420p10le " + Aom, false),
    };

    public static TheoryData<string> CaseNames => new(Cases.Keys);

    [Theory, MemberData(nameof(CaseNames))]
    public void Every_temporal_unit_arrives_with_its_timestamp(string name)
    {
        Case sample = Cases[name];
        List<byte[]> units = Encode(sample);
        List<FfmpegSample.ProbedPacket> probed = FfmpegSample.Probe(MakeIvf(sample), "ivf");
        using DemuxRun run = new();
        run.Write(Multiplex(units, sample));

        List<DemuxRun.Unit> video = run.Video.ToList();
        Assert.Equal(units.Count, probed.Count);
        Assert.InRange(video.Count, units.Count - 1, units.Count);
        Assert.Equal(Enumerable.Range(0, video.Count).Select(i => FirstPts + i * 90_000L / sample.Rate), video.Select(u => u.Pts));
        Assert.Equal(probed.Take(video.Count).Select(p => p.IsKey), video.Select(u => u.IsRandomAccess));
        Assert.Equal(units.Take(video.Count).Select(unit => unit.Length - 2), video.Select(u => u.Payload.Length));      // all but the delimiter
        var track = (VideoTrack)video[^1].Track;
        Assert.Equal((Codec.Av1, sample.Size, new Rational((uint)sample.Rate, 1)), (track.Codec, $"{track.Width}x{track.Height}", track.FrameRate));
        Assert.Equal((0, 0, 0), (run.Stats.Malformed, run.Stats.Video.DroppedUnits, run.Stats.Video.BadTimestamps));
    }

    [Theory, MemberData(nameof(CaseNames))]
    public void What_is_delivered_decodes_without_an_error(string name)
    {
        using DemuxRun run = new();
        run.Write(Multiplex(Encode(Cases[name]), Cases[name]));
        byte[] stream = [.. run.Video.SelectMany(unit => (byte[])[0x12, 0x00, .. unit.Payload])];
        Assert.Equal(run.Video.Count(), FfmpegStreamTests.Decode("obu", stream));
        Assert.Equal(run.Video.Count(), FfmpegStreamTests.Decode("mp4", FfmpegStreamTests.Package(run.Video.ToList())));
    }

    [Theory, MemberData(nameof(CaseNames))]
    public void Pieces_of_any_size_give_the_same_units(string name)
    {
        byte[] stream = Multiplex(Encode(Cases[name]), Cases[name]);
        using DemuxRun whole = new();
        whole.Write(stream, stream.Length);
        foreach (int size in new[] { 188, 1000, 1316 })
        {
            using DemuxRun pieces = new();
            pieces.Write(stream, size);
            Assert.Equal(whole.Units.Select(u => (u.Pts, u.FrameType, u.Payload.Length)), pieces.Units.Select(u => (u.Pts, u.FrameType, u.Payload.Length)));
        }
    }

    [Fact]
    public void A_lost_packet_costs_the_units_that_it_damages()
    {
        Case sample = Cases["SVT-AV1 with start codes"];
        List<byte[]> units = Encode(sample);
        byte[] stream = Multiplex(units, sample);
        byte[] damaged = [.. stream[..(188 * 60)], .. stream[(188 * 61)..]];
        using DemuxRun run = new();
        run.Write(damaged);
        Assert.InRange(run.Video.Count(), units.Count - 3, units.Count - 1);
        Assert.Equal(1, run.Stats.ContinuityErrors);
        Assert.Equal(1, run.Stats.Video.DroppedUnits);
    }

    [Fact]
    public void Units_without_delimiters_and_sizes_become_the_same_samples()
    {
        Case sample = Cases["SVT-AV1 with start codes"];
        List<byte[]> units = Encode(sample);
        using DemuxRun usual = new();
        usual.Write(Multiplex(units, sample));
        using DemuxRun bare = new();
        bare.Write(Multiplex(units, sample, static obu => obu.Type == Av1ObuType.TemporalDelimiter ? [] : WithoutSize(obu)));
        Assert.Equal(usual.Video.Select(u => Convert.ToHexString(u.Payload)), bare.Video.Select(u => Convert.ToHexString(u.Payload)));
    }

    /// <summary>A transport stream of SVT-AV1, for tests that want any.</summary>
    internal static byte[] MakeStream()
    {
        Case sample = Cases["SVT-AV1 with start codes"];
        return Multiplex(Encode(sample), sample);
    }

    private static List<byte[]> Encode(Case sample)
    {
        byte[] ivf = MakeIvf(sample);
        List<byte[]> units = [];
        for (int position = 32; position < ivf.Length;)      // header(32) { size(32) pts(64) unit } × n, little-endian
        {
            int size = BinaryPrimitives.ReadInt32LittleEndian(ivf.AsSpan(position));
            units.Add(ivf[(position + 12)..(position + 12 + size)]);
            position += 12 + size;
        }
        return units;
    }

    private static byte[] MakeIvf(Case sample)
        => FfmpegSample.MakeAs("ivf", FfmpegSample.Inputs(sample.Size, $"{sample.Rate}", 2, withAudio: false) + " " + sample.Encoder);

    private static byte[] Multiplex(List<byte[]> units, Case sample, Func<Av1Obu, byte[]>? write = null)
    {
        byte[] descriptors = [5, 4, .. "AV01"u8, 0x80, 4, 0x81, 0x00, 0x0C, 0x00];
        TransportStreamBuilder builder = new TransportStreamBuilder().Tables(0, (StreamType.PrivatePes, TransportStreamBuilder.VideoPid, descriptors));
        for (int i = 0; i < units.Count; i++)
        {
            byte[] payload = sample.HasStartCodes ? ByteStream(units[i], write ?? Whole) : units[i];
            long pts = FirstPts + i * 90_000L / sample.Rate;
            builder.Pes(TransportStreamBuilder.VideoPid, 0xBD, pts, -1, payload, isBounded: payload.Length < 60_000, pcr: (pts - 9_000) * 300);
        }
        return builder.ToArray();
    }

    /// <summary>Each OBU behind a start code, with 03 put in where a start code would appear.</summary>
    private static byte[] ByteStream(byte[] unit, Func<Av1Obu, byte[]> write)
    {
        List<byte> stream = [];
        ReadOnlySpan<byte> rest = unit;
        while (Av1Obu.TryRead(ref rest, out Av1Obu obu))
        {
            byte[] bytes = write(obu);
            if (bytes.Length == 0) { continue; }
            stream.AddRange([0, 0, 1]);
            int zeros = 0;
            foreach (byte value in bytes)
            {
                if (zeros >= 2 && value <= 3)
                {
                    stream.Add(3);
                    zeros = 0;
                }
                stream.Add(value);
                zeros = value == 0 ? zeros + 1 : 0;
            }
        }
        return [.. stream];
    }

    private static byte[] Whole(Av1Obu obu)
    {
        var bytes = new byte[obu.WrittenLength];
        obu.WriteTo(bytes);
        return bytes;
    }

    private static byte[] WithoutSize(Av1Obu obu) => [(byte)((int)obu.Type << 3), .. obu.Payload];
}
