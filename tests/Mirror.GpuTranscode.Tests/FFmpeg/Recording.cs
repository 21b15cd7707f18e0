using System.Buffers.Binary;
using System.Globalization;
using Mirror.GpuTranscode.FFmpeg;
using Mirror.Media.Frames;

namespace Mirror.GpuTranscode.Tests.FFmpeg;

/// <summary>Keeps what a transcoder puts out, and writes it as a file that the ffmpeg program reads.</summary>
internal sealed class Recording(int rungs) : ITranscodeOutput
{
    public List<Frame>[] Frames { get; } = [.. Enumerable.Range(0, rungs).Select(_ => new List<Frame>())];

    public List<VideoTrack>[] Tracks { get; } = [.. Enumerable.Range(0, rungs).Select(_ => new List<VideoTrack>())];

    public void OnFormat(int rung, VideoTrack track) => Tracks[rung].Add(track);

    public void OnFrame(int rung, in EncodedFrame frame)
        => Frames[rung].Add(new Frame(frame.Timeline, frame.Pts90k, frame.Dts90k, frame.IsKey, frame.ReceivedTimestamp, frame.Payload.ToArray()));

    /// <summary>Writes a rung's frames as a byte stream, parameter sets first.</summary>
    public string Write(int rung)
    {
        VideoTrack track = Assert.Single(Tracks[rung]);
        string file = SourceMedia.NewFile(track.Codec switch { Codec.H265 => "h265", Codec.Av1 => "obu", _ => "h264" });
        using FileStream stream = File.Create(file);
        if (track.Codec == Codec.Av1)
        {
            foreach (Frame frame in Frames[rung])
            {
                stream.Write([0x12, 0]);                         // temporal delimiter
                stream.Write(frame.Payload);
            }
            return file;
        }
        foreach (byte[] set in ParameterSets(track)) { WriteUnit(stream, set); }
        foreach (Frame frame in Frames[rung])
        {
            ReadOnlySpan<byte> rest = frame.Payload;
            while (!rest.IsEmpty)
            {
                int length = BinaryPrimitives.ReadInt32BigEndian(rest);
                WriteUnit(stream, rest.Slice(4, length));
                rest = rest[(4 + length)..];
            }
        }
        return file;
    }

    /// <summary>Decodes a rung's frames with the ffmpeg program, where any error is a failure, and counts them.</summary>
    public int CountDecodable(int rung)
    {
        string file = Write(rung);
        Assert.Equal("", FFmpegProgram.Run($"-xerror -err_detect explode -i {file} -f null -"));
        return int.Parse(FFmpegProgram.Probe($"-count_frames -show_entries stream=nb_read_frames -of csv=p=0 {file}")[0], CultureInfo.InvariantCulture);
    }

    private static List<byte[]> ParameterSets(VideoTrack track)
    {
        byte[] record = track.DecoderConfiguration.ToArray();
        List<byte[]> sets = [];
        int position = track.Codec == Codec.H265 ? 22 : 5;
        int arrays = track.Codec == Codec.H265 ? record[position++] : 2;
        for (int i = 0; i < arrays; i++)
        {
            int count = track.Codec == Codec.H265 ? BinaryPrimitives.ReadUInt16BigEndian(record.AsSpan(position + 1)) : record[position] & (i == 0 ? 0x1F : 0xFF);
            position += track.Codec == Codec.H265 ? 3 : 1;
            for (; count > 0; count--)
            {
                int length = BinaryPrimitives.ReadUInt16BigEndian(record.AsSpan(position));
                sets.Add(record[(position + 2)..(position + 2 + length)]);
                position += 2 + length;
            }
        }
        return sets;
    }

    private static void WriteUnit(FileStream stream, ReadOnlySpan<byte> unit)
    {
        stream.Write([0, 0, 0, 1]);
        stream.Write(unit);
    }

    public sealed record Frame(int Timeline, long Pts90k, long Dts90k, bool IsKey, long ReceivedTimestamp, byte[] Payload);
}
