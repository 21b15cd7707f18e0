using Mirror.GpuTranscode.FFmpeg;
using Mirror.GpuTranscode.Ladder;
using Mirror.Media.Frames;

namespace Mirror.GpuTranscode.Tests.FFmpeg;

/// <summary>Keeps what an audio transcoder puts out, and writes it as a file that the ffmpeg program reads.</summary>
internal sealed class AudioRecording : IAudioOutput
{
    public List<Frame> Frames { get; } = [];

    public AudioTrack? Track { get; private set; }

    public void OnAudioFormat(AudioTrack track)
    {
        Assert.Null(Track);
        Track = track;
    }

    public void OnAudioFrame(in EncodedAudio frame) => Frames.Add(new Frame(frame.Timeline, frame.Pts, frame.ReceivedTimestamp, frame.Payload.ToArray()));

    /// <summary>Every frame starts where the one before ends.</summary>
    public void AssertGapless() => Assert.All(Frames.Zip(Frames.Skip(1)), pair => Assert.Equal(pair.First.Pts + AudioPlan.FrameSamples, pair.Second.Pts));

    /// <summary>Decodes it with the ffmpeg program, where any error is a failure.</summary>
    /// <returns>The samples, in one channel, and the time of the first in seconds.</returns>
    public (float[] Samples, double Start) Decode()
    {
        string file = SourceMedia.NewFile("aac");
        using (FileStream stream = File.Create(file))
        {
            foreach (Frame frame in Frames)
            {
                stream.Write(AdtsHeader(frame.Payload.Length));
                stream.Write(frame.Payload);
            }
        }
        Assert.Equal("", FFmpegProgram.Run($"-xerror -err_detect explode -i {file} -f null -"));
        return (AudioMedia.Decode(file).Samples, Frames[0].Pts / (double)Track!.SampleRate);
    }

    private byte[] AdtsHeader(int length)
    {
        int config = (Track!.DecoderConfiguration.Span[0] << 8) | Track.DecoderConfiguration.Span[1];
        (int rateIndex, int channels) = ((config >> 7) & 0xF, (config >> 3) & 0xF);
        int total = length + 7;
        return [0xFF, 0xF1, (byte)(0x40 | (rateIndex << 2) | (channels >> 2)), (byte)(((channels & 3) << 6) | (total >> 11)), (byte)(total >> 3), (byte)(((total & 7) << 5) | 0x1F), 0xFC];
    }

    public sealed record Frame(int Timeline, long Pts, long ReceivedTimestamp, byte[] Payload);
}
