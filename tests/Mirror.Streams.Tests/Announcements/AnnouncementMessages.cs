using System.Buffers;
using Mirror.Media.Frames;
using Mirror.Streams.Announcements;
using Mirror.Streams.Store;

namespace Mirror.Streams.Tests.Announcements;

/// <summary>Messages as the bus carries them: one with every kind of announcement, one with a part.</summary>
internal static class AnnouncementMessages
{
    public static IReadOnlyList<LogEntry> Entries { get; } = CreateEntries();

    public static byte[][] All { get; } = [Write(Entries, bytes: null), Write([Entries[2]], bytes: [1, 2, 3])];

    public static byte[] Write(IEnumerable<LogEntry> entries, byte[]? bytes)
    {
        var output = new ArrayBufferWriter<byte>();
        AnnouncementCodec.WriteHeader(output, "cam");
        foreach (LogEntry entry in entries) { AnnouncementCodec.Write(output, entry, bytes is null ? null : MediaBuffer.CopyOf(bytes)); }
        return output.WrittenSpan.ToArray();
    }

    private static LogEntry[] CreateEntries()
    {
        var key = new RenditionKey("cam", "360p") { Epoch = 1_795_000_000_000 };
        var track = new VideoTrack { Id = 1, Codec = Codec.H264, CodecString = "avc1.640028", DecoderConfiguration = new byte[] { 1, 100 }, Width = 640, Height = 360 };
        var time = new DateTime(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc);
        Announcement[] announcements =
        [
            new RenditionStarted(key, true, 90_000, 2, TimeSpan.FromMilliseconds(100), 100) { FirstDiscontinuitySequence = 1 },
            new InitReady(key, "init-1.mp4", 700, track),
            new PartReady(key, 100, 0, 9000, 0, 3, true, false, true, time, 0),
            new PartMissing(key, 100, 1, 9000, false, time) { StartsDiscontinuity = true },
            new SegmentClosed(key, 100),
            new RenditionEnded(key),
        ];
        return [.. announcements.Select((announcement, i) => new LogEntry(1000 + i, 2, 1_795_000_000_123, announcement))];
    }
}
