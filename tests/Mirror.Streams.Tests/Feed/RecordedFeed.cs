using System.Buffers;
using Mirror.Media.Frames;
using Mirror.Streams.Feed;

namespace Mirror.Streams.Tests.Feed;

/// <summary>A short feed with both kinds of track, a change of format, an interruption and an end.</summary>
public static class RecordedFeed
{
    private static readonly DateTime Epoch = new(2026, 6, 1, 0, 0, 0, DateTimeKind.Utc);

    public static AudioTrack Audio { get; } = new()
    {
        Id = 2,
        Codec = Codec.Aac,
        DecoderConfiguration = new byte[] { 0x11, 0x90 },
        CodecString = "mp4a.40.2",
        SampleRate = 48_000,
        Channels = 2,
    };

    public static VideoTrack VideoOf(int width) => new()
    {
        Id = 1,
        Codec = Codec.H264,
        DecoderConfiguration = new byte[] { 1, 100, 0, 31, (byte)width },
        CodecString = "avc1.64001f",
        Width = width,
        Height = 360,
    };

    public static byte[] Bytes()
    {
        var output = new ArrayBufferWriter<byte>();
        var writer = new FeedWriter(output, TimeProvider.System);
        writer.WriteLayout(new FeedLayout(HasVideo: true, HasAudio: true));
        writer.Declare([VideoOf(640), Audio]);
        foreach (AccessUnit unit in Units())
        {
            writer.WriteHeader(unit);
            output.Write(unit.Payload.Span);
            unit.Release();
        }
        writer.WriteAlive();
        writer.WriteInterrupted();
        writer.WriteEnded();
        return output.WrittenSpan.ToArray();
    }

    public static List<AccessUnit> Units()
    {
        VideoTrack small = VideoOf(640);
        VideoTrack large = VideoOf(641);
        List<AccessUnit> units = [];
        for (int i = 0; i < 6; i++)
        {
            units.Add(new AccessUnit
            {
                Track = i < 4 ? small : large,
                Pts90k = -9_000 + i * 3_000 + 1_500,
                Dts90k = -9_000 + i * 3_000,
                Payload = MediaBuffer.CopyOf([1, 2, (byte)i]),
                FrameType = i % 2 == 0 ? FrameType.Key : FrameType.Bidirectional,
                IsRandomAccess = i % 2 == 0,
                IsDisposable = i % 2 == 1,
                StartsDiscontinuity = i == 4,
                ProgramTime = Epoch.AddMilliseconds(i * 33),
                ReceivedTimestamp = 1,
            });
            units.Add(new AccessUnit
            {
                Track = Audio,
                Pts90k = i * 1_920,
                Dts90k = i * 1_920,
                Payload = MediaBuffer.CopyOf([9, (byte)i]),
                SampleCount = 1024,
                FrameType = FrameType.Key,
                IsRandomAccess = true,
                ProgramTime = Epoch.AddMilliseconds(i * 21),
            });
        }
        return units;
    }

    /// <summary>Gives a reader the bytes as a connection does: what it leaves is given again with more behind it.</summary>
    public static void ReadInPieces(FeedReader reader, byte[] bytes, int piece)
    {
        int from = 0;
        for (int to = Math.Min(piece, bytes.Length); ; to = Math.Min(to + piece, bytes.Length))
        {
            from += (int)reader.Read(new ReadOnlySequence<byte>(bytes, from, to - from));
            if (to == bytes.Length) { return; }
        }
    }
}
