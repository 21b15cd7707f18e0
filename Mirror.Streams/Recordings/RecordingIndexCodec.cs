using System.Buffers;
using System.Text.Json;

namespace Mirror.Streams.Recordings;

/// <summary>Entries of an index as bytes: JSON, one entry a line.</summary>
/// <remarks>
/// A writer that crashed may have left half a line at the end. Whoever goes on behind it begins with a line feed, so that the half line stays
/// what it is: one that cannot be read.
/// </remarks>
public static class RecordingIndexCodec
{
    /// <summary>Longest line, in bytes: an entry has some hundred, and a format up to 64 KiB.</summary>
    public const int LongestLine = 96 * 1024;

    private const byte LineFeed = (byte)'\n';

    /// <summary>Writes entries.</summary>
    /// <param name="entries">The entries.</param>
    /// <param name="isTorn">The index ends within a line.</param>
    public static ReadOnlyMemory<byte> Write(IEnumerable<RecordingEntry> entries, bool isTorn)
    {
        ArgumentNullException.ThrowIfNull(entries);
        var output = new ArrayBufferWriter<byte>(1024);
        if (isTorn) { output.Write([LineFeed]); }
        using var json = new Utf8JsonWriter(output);
        foreach (RecordingEntry entry in entries)
        {
            JsonSerializer.Serialize(json, entry, RecordingsJson.Default.RecordingEntry);
            json.Flush();
            json.Reset();
            output.Write([LineFeed]);
        }
        return output.WrittenMemory;
    }

    /// <summary>Reads one line, without its line feed.</summary>
    /// <returns><see langword="null"/> for anything that no writer gives.</returns>
    public static RecordingEntry? Read(ReadOnlySpan<byte> line)
    {
        if (line.Length is 0 or > LongestLine) { return null; }
        try { return JsonSerializer.Deserialize(line, RecordingsJson.Default.RecordingEntry) is { } entry && IsSound(entry) ? entry : null; }
        catch (Exception error) when (error is JsonException or NotSupportedException or FormatException or ArgumentException) { return null; }
    }

    private static bool IsSound(RecordingEntry entry) => entry switch
    {
        InitRecorded init => StreamId.IsValid(init.Rendition) && RecordedFileName.IsInit(init.Name) && init.Length > 0 && init.TargetDuration is > 0 and <= LongestSegmentInSeconds
            && init.Track is { CodecString: not null },
        SegmentRecorded segment => StreamId.IsValid(segment.Rendition) && segment.Msn >= 0 && segment.Length >= 0 && IsTime(segment.Time)
            && segment.Ticks is > 0 and <= LongestSegmentInSeconds * TimeSpan.TicksPerSecond && segment.MissingTicks >= 0 && segment.MissingTicks <= segment.Ticks,
        RecordingOpened opened => IsTime(opened.Time),
        RecordingClosed closed => IsTime(closed.Time),
        SegmentsRemoved removed => removed.FirstMsn >= 0,
        _ => false,
    };

    private const int LongestSegmentInSeconds = 24 * 3600;   // far above any, and far below what a sum of them could overflow

    private static bool IsTime(DateTime time) => time.Kind == DateTimeKind.Utc && time.Year is >= 2000 and < 3000;
}
