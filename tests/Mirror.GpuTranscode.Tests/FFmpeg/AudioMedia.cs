using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;
using Mirror.GpuTranscode.FFmpeg;
using Mirror.Media.Codecs.Opus;
using Mirror.Media.Frames;

namespace Mirror.GpuTranscode.Tests.FFmpeg;

/// <summary>Sound made by the ffmpeg program, its coded frames as ingest hands them over, and what a reference decoder makes of them.</summary>
internal sealed class AudioMedia
{
    /// <summary>The rate at which decoded sound is compared.</summary>
    public const int Rate = 48_000;

    /// <summary>Noise: unlike a tone, it matches itself at one place only. Of low frequencies, which an encoder keeps.</summary>
    public const string Noise = "-f lavfi -i anoisesrc=sample_rate=48000:seed=7:amplitude=0.5,lowpass=f=4000";

    private AudioMedia(string file, AudioTrack track, List<Frame> frames) => (File, Track, Frames) = (file, track, frames);

    /// <summary>A NUT file.</summary>
    public string File { get; }

    public AudioTrack Track { get; }

    public List<Frame> Frames { get; }

    /// <summary>Makes the sound that these words of the ffmpeg program describe: input, filters and encoder.</summary>
    public static AudioMedia Make(string words)
    {
        string file = SourceMedia.NewFile("nut");            // keeps times to the sample
        FFmpegProgram.Run($"{words} -vn {file}");
        string[] stream = FFmpegProgram.Probe($"-select_streams a -show_entries stream=codec_name,sample_rate,channels -of csv=p=0 {file}")[0].Split(',');
        (int rate, int channels) = (int.Parse(stream[1], CultureInfo.InvariantCulture), int.Parse(stream[2], CultureInfo.InvariantCulture));
        Codec codec = stream[0] switch { "aac" => Codec.Aac, "opus" => Codec.Opus, "ac3" => Codec.Ac3, "eac3" => Codec.Eac3, _ => Codec.MpegAudio };
        var track = new AudioTrack { Id = 2, Codec = codec, CodecString = stream[0], SampleRate = rate, Channels = channels, DecoderConfiguration = ConfigurationOf(codec, file, channels) };
        return new AudioMedia(file, track, ReadFrames(file));
    }

    /// <summary>Hands every frame over.</summary>
    public void FeedTo(AudioTranscoder transcoder, int timeline = 1, long shift90k = 0, Func<int, bool>? keeps = null)
    {
        for (int i = 0; i < Frames.Count; i++)
        {
            if (keeps?.Invoke(i) != false) { transcoder.Decode(UnitAt(i, timeline, shift90k)); }
        }
    }

    public SourceAudio UnitAt(int index, int timeline = 1, long shift90k = 0)
        => new() { Timeline = timeline, Pts90k = Frames[index].Pts90k + shift90k, ReceivedTimestamp = 1_000 + index, Payload = Frames[index].Payload };

    /// <summary>What the ffmpeg program decodes, mixed to one channel, and the time of its first sample in seconds.</summary>
    public static (float[] Samples, double Start) Decode(string file)
    {
        string raw = SourceMedia.NewFile("f32");
        FFmpegProgram.Run($"-flags2 skip_manual -i {file} -ac 1 -ar {Rate} -f f32le {raw}");
        double start = double.Parse(FFmpegProgram.Probe($"-select_streams a -show_entries packet=pts_time -of csv=p=0 {file}")[0].TrimEnd(','), CultureInfo.InvariantCulture);
        return (MemoryMarshal.Cast<byte, float>(System.IO.File.ReadAllBytes(raw)).ToArray(), start);
    }

    /// <summary>By how much <paramref name="other"/> is later than <paramref name="one"/>, in samples: where they correlate best.</summary>
    public static (int Lag, double Correlation) Offset(ReadOnlySpan<float> one, ReadOnlySpan<float> other, int largest)
    {
        (int best, double highest) = (0, double.MinValue);
        for (int lag = -largest; lag <= largest; lag++)
        {
            (double product, double energyOfOne, double energyOfOther) = (0, 0, 0);
            for (int i = Math.Max(0, -lag); i < one.Length && i + lag < other.Length; i++)
            {
                product += one[i] * other[i + lag];
                energyOfOne += one[i] * one[i];
                energyOfOther += other[i + lag] * other[i + lag];
            }
            double correlation = product / Math.Sqrt(energyOfOne * energyOfOther + 1e-12);
            if (correlation > highest) { (best, highest) = (lag, correlation); }
        }
        return (best, highest);
    }

    private static byte[] ConfigurationOf(Codec codec, string file, int channels)
    {
        if (codec == Codec.Opus) { return OpusDecoderConfiguration.TryBuild(channels, out byte[] body) ? body : []; }
        if (codec != Codec.Aac) { return []; }
        string raw = SourceMedia.NewFile("aac");
        FFmpegProgram.Run($"-i {file} -c copy -f adts {raw}");
        byte[] header = System.IO.File.ReadAllBytes(raw)[..4];
        int bits = (((header[2] >> 6) + 1) << 11) | (((header[2] >> 2) & 0xF) << 7) | ((((header[2] & 1) << 2) | (header[3] >> 6)) << 3);
        return [(byte)(bits >> 8), (byte)bits];
    }

    /// <summary>The packets as they lie in the file, with their times on the 90 kHz clock.</summary>
    private static List<Frame> ReadFrames(string file)
    {
        string[] lines = FFmpegProgram.Probe($"-select_streams a -show_entries packet=pts_time,size -of csv=p=0 {file}");
        string raw = SourceMedia.NewFile("data");
        FFmpegProgram.Run($"-i {file} -map 0:a -c copy -f data {raw}");
        byte[] bytes = System.IO.File.ReadAllBytes(raw);
        List<Frame> frames = [];
        int position = 0;
        foreach (string[] fields in lines.Select(line => line.Split(',')))
        {
            int size = int.Parse(fields[1], CultureInfo.InvariantCulture);
            frames.Add(new Frame((long)Math.Round(double.Parse(fields[0], CultureInfo.InvariantCulture) * 90_000), bytes[position..(position + size)]));
            position += size;
        }
        return frames;
    }

    public sealed record Frame(long Pts90k, byte[] Payload);
}
