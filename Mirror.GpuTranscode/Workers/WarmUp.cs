using System.Buffers.Binary;
using Mirror.GpuTranscode.FFmpeg;
using Mirror.GpuTranscode.Ladder;
using Mirror.Media.Codecs.H264;
using Mirror.Media.Frames;

namespace Mirror.GpuTranscode.Workers;

/// <summary>Transcodes two grey pictures while a worker waits, so that it has loaded and compiled all that it needs when a stream comes.</summary>
internal static class WarmUp
{
    private const string Sps = "6764000aacb421360220000003002000000791e244d4";
    private const string Pps = "68ef0fcb";
    private static readonly string[] Pictures = ["65888404bffa7fe3fca7fe12bbdef479a65509d7641ad34fc443c98b1221b40799", "419a2620b7fffed6a59b40"];

    public static void Run()
    {
        byte[] sps = Convert.FromHexString(Sps);
        if (!H264Sps.TryParse(sps, out H264Sps? active)) { return; }
        var track = new VideoTrack
        {
            Id = 1,
            Codec = Codec.H264,
            DecoderConfiguration = AvcDecoderConfiguration.Build(active!, [sps], [Convert.FromHexString(Pps)]),
            CodecString = AvcDecoderConfiguration.CodecString(active!),
            Width = 64,
            Height = 64,
            FrameRate = new Rational(30, 1),
        };
        var rung = new RungPlan
        {
            Name = "warm-up",
            Width = 32,
            Height = 32,
            Bitrate = 100_000,
            PeakBitrate = 100_000,
            BufferSize = 100_000,
            Preset = "veryfast",
            Profile = "high",
            References = 1,
        };
        using var transcoder = new VideoTranscoder(track, [rung], new TranscoderSettings { DecoderThreads = 1, FilterThreads = 1, EncoderThreads = 1 }, new Nowhere());
        for (int i = 0; i < Pictures.Length; i++)
        {
            byte[] nalUnit = Convert.FromHexString(Pictures[i]);
            byte[] unit = [0, 0, 0, 0, .. nalUnit];
            BinaryPrimitives.WriteInt32BigEndian(unit, nalUnit.Length);
            transcoder.Decode(new SourceUnit { Timeline = 0, Pts90k = i * 3000, Dts90k = i * 3000, StartsSegment = i == 0, Payload = unit });
        }
        transcoder.Drain();
    }

    private sealed class Nowhere : ITranscodeOutput
    {
        public void OnFormat(int rung, VideoTrack track)
        {
        }

        public void OnFrame(int rung, in EncodedFrame frame)
        {
        }
    }
}
