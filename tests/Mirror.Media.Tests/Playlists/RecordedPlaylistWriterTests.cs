using System.Buffers;
using Mirror.Media.Playlists;

namespace Mirror.Media.Tests.Playlists;

public sealed class RecordedPlaylistWriterTests
{
    private static readonly DateTime Start = new(2026, 1, 1, 12, 0, 0, DateTimeKind.Utc);

    private static readonly Dictionary<string, RecordedPlaylist> Cases = new()
    {
        ["recording-complete.m3u8"] = new() { TargetDuration = 1, IndependentSegments = true, IsComplete = true, Segments = Segments() },
        ["recording-running.m3u8"] = new() { TargetDuration = 1, IndependentSegments = true, IsComplete = false, Segments = Segments() },
        ["recording-shortened.m3u8"] = new() { TargetDuration = 1, MediaSequence = 7, DiscontinuitySequence = 1, IsComplete = false, Segments = Segments()[3..] },
        ["recording-empty.m3u8"] = new() { TargetDuration = 1, IsComplete = false, Segments = [] },
    };

    public static TheoryData<string> Names => new(Cases.Keys);

    [Theory, MemberData(nameof(Names))]
    public void Writes_the_golden_playlist(string name) => Golden.Matches(name, Write(Cases[name]));

    [Fact]
    public void What_is_written_is_read()
    {
        MediaPlaylistDocument document = SamplePlaylists.Parse(Write(Cases["recording-complete.m3u8"]));
        Assert.True(document.IsEnded);
        Assert.Equal(["100.m4s", "101.m4s", "102.m4s", "500.m4s", "501.m4s"], document.Segments.Select(segment => segment.Uri));
        Assert.Equal([false, false, true, false, false], document.Segments.Select(segment => segment.IsGap));
        Assert.Equal([false, false, false, true, false], document.Segments.Select(segment => segment.StartsDiscontinuity));
        Assert.Equal(["init-1.mp4", "init-1.mp4", "init-1.mp4", "init-2.mp4", "init-2.mp4"], document.Segments.Select(segment => segment.MapUri));
        Assert.Equal(Start.AddSeconds(60), document.Segments[3].ProgramDateTime);
    }

    /// <summary>A missing segment; then, a minute later, another format.</summary>
    private static MediaSegment[] Segments() =>
    [
        Segment(100, 0), Segment(101, 0.5), Segment(102, 1) with { IsGap = true },
        Segment(500, 60) with { StartsDiscontinuity = true, MapUri = "init-2.mp4" }, Segment(501, 60.5) with { MapUri = "init-2.mp4" },
    ];

    private static MediaSegment Segment(long msn, double seconds)
        => new() { Msn = msn, MapUri = "init-1.mp4", ProgramDateTime = Start.AddSeconds(seconds), Duration = TimeSpan.FromMilliseconds(500) };

    private static byte[] Write(RecordedPlaylist playlist)
    {
        var output = new ArrayBufferWriter<byte>();
        RecordedPlaylistWriter.Write(playlist, output);
        return output.WrittenSpan.ToArray();
    }
}
