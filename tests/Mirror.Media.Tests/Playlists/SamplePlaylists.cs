using System.Buffers;
using System.Text;
using Mirror.Media.Playlists;

namespace Mirror.Media.Tests.Playlists;

/// <summary>Playlists made up for tests: segments of half a second in five parts.</summary>
internal static class SamplePlaylists
{
    public static readonly DateTime Start = new(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    public static MediaSegment Segment(long msn, int parts = 5, string map = "init-1.mp4", bool discontinuity = false, bool gap = false)
    {
        MediaPart[] list = [.. Enumerable.Range(0, parts).Select(i => new MediaPart(TimeSpan.FromMilliseconds(100), i == 0 && !gap, gap))];
        return new MediaSegment
        {
            Msn = msn,
            MapUri = map,
            ProgramDateTime = Start.AddSeconds((msn - 1200) * 0.5),
            StartsDiscontinuity = discontinuity,
            Duration = TimeSpan.FromMilliseconds(100 * parts),
            IsGap = gap,
            Parts = list,
        };
    }

    public static MediaPlaylist Live(int segments = 20, int openParts = 2) => new()
    {
        Control = new ServerControl(1, TimeSpan.FromMilliseconds(100), TimeSpan.FromMilliseconds(300)),
        IndependentSegments = true,
        Segments = Enumerable.Range(0, segments).Select(i => Segment(1200 + i)).ToArray(),
        OpenSegment = openParts > 0 ? Segment(1200 + segments, openParts) : null,
        OpenMsn = 1200 + segments,
    };

    public static MediaPlaylist WithDiscontinuities()
    {
        MediaSegment[] segments =
        [
            Segment(1200), Segment(1201), Segment(1202, discontinuity: true, map: "init-2.mp4"), Segment(1203, map: "init-2.mp4"),
            Segment(1204, gap: true, map: "init-2.mp4"), Segment(1205, map: "init-2.mp4"), Segment(1206, map: "init-2.mp4", discontinuity: true),
        ];
        return Live() with
        {
            DiscontinuitySequence = 7,
            IndependentSegments = false,
            Segments = segments,
            OpenSegment = Segment(1207, 1, "init-3.mp4", discontinuity: true),
            OpenMsn = 1207,
        };
    }

    public static byte[] Write(MediaPlaylist playlist, int skipped = 0, params RenditionReport[] reports)
    {
        var output = new ArrayBufferWriter<byte>();
        MediaPlaylistWriter.Write(playlist, reports, skipped, output);
        return output.WrittenSpan.ToArray();
    }

    public static MediaPlaylistDocument Parse(byte[] text)
    {
        Assert.True(MediaPlaylistParser.TryParse(Encoding.UTF8.GetString(text), out MediaPlaylistDocument? document, out string? error), error);
        return document;
    }
}
