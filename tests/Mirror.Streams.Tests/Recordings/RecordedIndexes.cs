using Mirror.Media.Frames;
using Mirror.Streams.Recordings;

namespace Mirror.Streams.Tests.Recordings;

/// <summary>Indexes as recorders write them.</summary>
public static class RecordedIndexes
{
    public static readonly DateTime Start = new(2026, 1, 1, 12, 0, 0, DateTimeKind.Utc);

    public static readonly VideoTrack Video = new() { Id = 1, Codec = Codec.H264, CodecString = "avc1.640028", DecoderConfiguration = new byte[] { 1, 100, 0, 40 }, Width = 1280, Height = 720, FrameRate = new Rational(30, 1) };

    public static readonly AudioTrack Audio = new() { Id = 2, Codec = Codec.Aac, CodecString = "mp4a.40.2", DecoderConfiguration = new byte[] { 0x11, 0x90 }, SampleRate = 48_000, Channels = 2 };

    /// <summary>Two renditions, a missing part, a missing segment, a restart, removed segments and the end.</summary>
    public static IReadOnlyList<RecordingEntry> Entries { get; } =
    [
        new RecordingOpened(Start, "node-1"),
        new InitRecorded("source", "init-a.mp4", 700, IsVideo: true, 1, Video),
        new InitRecorded("audio", "init-b.mp4", 600, IsVideo: false, 1, Audio),
        Segment("source", 100, 0), Segment("audio", 100, 0), Segment("source", 101, 0.5), Segment("audio", 101, 0.5),
        Segment("source", 102, 1) with { MissingTicks = TimeSpan.TicksPerMillisecond * 100 }, Segment("audio", 102, 1),
        Segment("source", 103, 1.5) with { Length = 0, MissingTicks = TimeSpan.TicksPerSecond / 2 }, Segment("audio", 103, 1.5),
        new RecordingOpened(Start.AddSeconds(10), "node-2"),
        Segment("source", 200, 10) with { StartsDiscontinuity = true }, Segment("audio", 200, 10), Segment("source", 201, 10.5),
        new SegmentsRemoved(101),
        new RecordingClosed(Start.AddSeconds(12)),
    ];

    public static byte[] Bytes { get; } = RecordingIndexCodec.Write(Entries, isTorn: false).ToArray();

    public static SegmentRecorded Segment(string rendition, long msn, double seconds, double duration = 0.5)
        => new(rendition, msn, Start.AddSeconds(seconds), (long)(duration * TimeSpan.TicksPerSecond), rendition == "audio" ? 100 : 1000) { IsIndependent = true };

    public static RecordingIndex Read(ReadOnlySpan<byte> bytes)
    {
        var index = new RecordingIndex();
        index.Append(bytes);
        return index;
    }

    /// <summary>All that can be told of an index.</summary>
    public static string Describe(RecordingIndex index)
        => $"{index.OpenedAt:O} {index.ClosedAt:O} {index.EndsAt:O} {index.LastMsn} {index.RemovedSegments} {index.TargetDuration} {index.Bytes} {index.MalformedLines} {index.IsTorn}\n"
            + string.Join('\n', index.Renditions.Select(rendition => $"{rendition.Name} {rendition.LastMsn} {string.Join(',', rendition.Inits.Select(init => init.Name))}: {string.Join(' ', rendition.Segments)}"))
            + "\n" + string.Join(' ', index.FindGaps());
}
