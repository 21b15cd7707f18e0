using System.Text;
using System.Text.Json.Nodes;
using Mirror.Media.Cmaf;
using Mirror.Media.Frames;

namespace Mirror.IngestNode.Tests.Demux;

/// <summary>An initialization segment and parts of each codec, written from an encoder's stream, as FFprobe reads them.</summary>
public class CmafProbeTests
{
    private const int SamplesPerPart = 10;
    private const long FirstDecodeTime = 1L << 33;                   // wants all of tfdt's 64 bits
    private const string H264 = "-c:v libx264 -preset ultrafast -g 25 -bf 2 -aspect 16:9 -color_primaries bt709 -color_trc bt709 -colorspace bt709";
    private const string H265 = "-c:v libx265 -preset ultrafast -pix_fmt yuv420p10le -x265-params log-level=none:keyint=25:open-gop=0:bframes=2";

    private static readonly Dictionary<Codec, (string Encoder, string Name, string Tag)> Cases = new()
    {
        [Codec.H264] = (H264, "h264", "avc1"),
        [Codec.H265] = (H265, "hevc", "hvc1"),
        [Codec.Av1] = ("", "av1", "av01"),
        [Codec.Aac] = (H264 + " -c:a aac", "aac", "mp4a"),
        [Codec.Opus] = (H264 + " -c:a libopus", "opus", "Opus"),
        [Codec.Ac3] = (H264 + " -c:a ac3", "ac3", "ac-3"),
        [Codec.Eac3] = (H264 + " -c:a eac3", "eac3", "ec-3"),
    };

    public static TheoryData<Codec> Codecs => new(Enum.GetValues<Codec>().Where(codec => codec.IsDeliverable()));

    [Theory, MemberData(nameof(Codecs))]
    public void The_track_is_what_was_encoded(Codec codec)
    {
        (_, string name, string tag) = Cases[codec];
        List<DemuxRun.Unit> units = Units(codec);
        JsonNode probed = JsonNode.Parse(Probe(Package(units), "-show_streams -of json"))!["streams"]!.AsArray().Single()!;
        Assert.Equal((name, tag, $"1/{Timescale(units)}"), ((string?)probed["codec_name"], (string?)probed["codec_tag_string"], (string?)probed["time_base"]));
        if (units[0].Track is AudioTrack audio)
        {
            Assert.Equal(($"{audio.SampleRate}", audio.Channels), ((string?)probed["sample_rate"], (int?)probed["channels"]));
            return;
        }
        var video = (VideoTrack)units[0].Track;
        Assert.Equal((video.Width, video.Height), ((int?)probed["width"], (int?)probed["height"]));
        if (codec != Codec.H264) { return; }
        Assert.Equal(("4:3", "16:9", "bt709"), ((string?)probed["sample_aspect_ratio"], (string?)probed["display_aspect_ratio"], (string?)probed["color_primaries"]));
    }

    [Theory, MemberData(nameof(Codecs))]
    public void Every_sample_keeps_its_times_size_and_bytes(Codec codec)
    {
        List<DemuxRun.Unit> units = Units(codec);
        byte[] file = Package(units);
        List<FfmpegSample.ProbedPacket> packets = FfmpegSample.Probe(file, "mp4");
        long zero = units[0].Dts;
        if (units[0].Track is VideoTrack)
        {
            Assert.Equal(units.Select(unit => FirstDecodeTime + unit.Dts - zero), packets.Select(packet => packet.Dts!.Value));
            Assert.Equal(units.Select(unit => FirstDecodeTime + unit.Pts - zero), packets.Select(packet => packet.Pts!.Value));
        }
        else
        {
            Assert.Equal(Enumerable.Range(0, units.Count).Select(i => FirstDecodeTime + (long)i * units[0].SampleCount), packets.Select(packet => packet.Dts!.Value));
        }
        Assert.Equal(units.Select(unit => unit.Payload.Length), packets.Select(packet => packet.Size));
        Assert.Equal(units.Select(unit => unit.IsRandomAccess || unit.Track is AudioTrack), packets.Select(packet => packet.IsKey));
        Assert.Equal(units.Count, FfmpegStreamTests.Decode("mp4", file));
    }

    private static List<DemuxRun.Unit> Units(Codec codec)
    {
        using DemuxRun run = new();
        run.Write(codec == Codec.Av1 ? Av1StreamTests.MakeStream() : FfmpegSample.Make(FfmpegSample.Inputs("320x240", "25", 2, withAudio: !Cases[codec].Encoder.Contains("x265") && codec != Codec.H264) + " " + Cases[codec].Encoder));
        return run.Units.Where(unit => unit.Track.Codec == codec).ToList();
    }

    private static uint Timescale(List<DemuxRun.Unit> units) => units[0].Track is AudioTrack audio ? (uint)audio.SampleRate : 90_000;

    /// <summary>A file of several parts. The last sample lasts as long as the one before.</summary>
    private static byte[] Package(List<DemuxRun.Unit> units)
    {
        List<byte> file = [.. InitSegment.Write(units[0].Track, Timescale(units))];
        ulong decodeTime = (ulong)FirstDecodeTime;
        uint sequenceNumber = 0;
        Sample[] all = [.. units.Select((unit, i) => new Sample(unit.Payload.Length, Duration(units, i), (int)(unit.Pts - unit.Dts), unit.IsRandomAccess || unit.Track is AudioTrack ? SampleFlags.Sync : SampleFlags.NonSync))];
        for (int first = 0; first < all.Length; first += SamplesPerPart)
        {
            Sample[] samples = all[first..Math.Min(first + SamplesPerPart, all.Length)];
            var header = new byte[Chunk.HeaderSize(samples)];
            Chunk.WriteHeader(header, ++sequenceNumber, decodeTime, samples);
            file.AddRange(header);
            foreach (DemuxRun.Unit unit in units.Skip(first).Take(samples.Length)) { file.AddRange(unit.Payload); }
            foreach (Sample sample in samples) { decodeTime += sample.Duration; }
        }
        return [.. file];
    }

    private static uint Duration(List<DemuxRun.Unit> units, int index)
    {
        if (units[index].Track is AudioTrack) { return (uint)units[index].SampleCount; }
        int next = Math.Min(index + 1, units.Count - 1);
        return (uint)(units[next].Dts - units[next - 1].Dts);
    }

    private static string Probe(byte[] file, string show) => Encoding.UTF8.GetString(FfmpegSample.Run("ffprobe", $"-v error -f mp4 -i - {show}", file));
}
