using System.Text;
using Mirror.Media.Playlists;

namespace Mirror.Media.Tests.Playlists;

public sealed class MediaPlaylistWriterTests
{
    private static readonly RenditionReport Audio = new("../audio/playlist.m3u8", 1220, 1);

    private static readonly Dictionary<string, Func<byte[]>> GoldenCases = new()
    {
        ["live.m3u8"] = () => SamplePlaylists.Write(SamplePlaylists.Live(), 0, Audio),
        ["delta.m3u8"] = () => SamplePlaylists.Write(SamplePlaylists.Live(), SamplePlaylists.Live().CountSkippableSegments(), Audio),
        ["discontinuities.m3u8"] = () => SamplePlaylists.Write(SamplePlaylists.WithDiscontinuities(), 0),
        ["first-part.m3u8"] = () => SamplePlaylists.Write(SamplePlaylists.Live(segments: 0, openParts: 1)),
        ["segment-just-closed.m3u8"] = () => SamplePlaylists.Write(SamplePlaylists.Live(segments: 6, openParts: 0)),
        ["ended.m3u8"] = () => SamplePlaylists.Write(SamplePlaylists.Live(segments: 6, openParts: 0) with { IsEnded = true }),
    };

    public static TheoryData<string> GoldenNames => new(GoldenCases.Keys);

    [Theory, MemberData(nameof(GoldenNames))]
    public void Writes_the_golden_playlist(string name) => Golden.Matches(name, GoldenCases[name]());

    [Fact]
    public void Parts_are_listed_within_three_target_durations_of_the_end()
    {
        MediaPlaylistDocument document = SamplePlaylists.Parse(SamplePlaylists.Write(SamplePlaylists.Live()));

        Assert.All(document.Segments.SkipLast(6), segment => Assert.Empty(segment.Parts));
        Assert.All(document.Segments.TakeLast(6), segment => Assert.Equal(5, segment.Parts.Count));
    }

    [Fact]
    public void A_delta_update_skips_what_lies_beyond_six_target_durations()
    {
        MediaPlaylist playlist = SamplePlaylists.Live();
        MediaPlaylistDocument full = SamplePlaylists.Parse(SamplePlaylists.Write(playlist));
        MediaPlaylistDocument delta = SamplePlaylists.Parse(SamplePlaylists.Write(playlist, playlist.CountSkippableSegments()));

        Assert.Equal(7, delta.SkippedSegments);          // 13 segments reach 6.5 s back: the last of them straddles the boundary and stays
        Assert.Equal(full.MediaSequence, delta.MediaSequence);
        Assert.Equal(full.Segments.Skip(7).Select(Lines), delta.Segments.Select(Lines));
        Assert.Equal(full.LastMsn, delta.LastMsn);
    }

    [Fact]
    public void After_the_last_part_of_a_segment_without_its_duration_the_next_segment_is_hinted()
    {
        MediaPlaylistDocument document = SamplePlaylists.Parse(SamplePlaylists.Write(SamplePlaylists.Live(segments: 0, openParts: 5) with { OpenMsn = 1201 }));

        Assert.Equal((1200, 5), (document.MediaSequence, document.OpenSegment!.Parts.Count));
        Assert.Equal("1201.0.m4s", document.PreloadHintUri);
    }

    [Fact]
    public void A_map_that_changes_behind_the_skipped_segments_is_written_once()
    {
        MediaSegment[] segments = [.. Enumerable.Range(0, 20).Select(i => SamplePlaylists.Segment(1200 + i, map: i < 7 ? "init-1.mp4" : "init-2.mp4", discontinuity: i == 7))];
        string text = Encoding.UTF8.GetString(SamplePlaylists.Write(SamplePlaylists.Live(openParts: 0) with { Segments = segments }, 7));

        Assert.Single(text.Split('\n'), line => line.StartsWith("#EXT-X-MAP", StringComparison.Ordinal) && line.Contains("init-2", StringComparison.Ordinal));
        Assert.DoesNotContain("init-1", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1, 3, "0.333333")]
    [InlineData(1024, 48000, "0.021333")]
    [InlineData(5120, 48000, "0.106667")]
    [InlineData(1001, 30000, "0.033367")]
    [InlineData(12, 1, "12.000000")]
    public void Durations_have_six_decimals(long ticks, long timescale, string expected)
    {
        var duration = TimeSpan.FromTicks((ticks * TimeSpan.TicksPerSecond + timescale / 2) / timescale);
        MediaSegment segment = SamplePlaylists.Segment(1, 1) with { Parts = new[] { new MediaPart(duration, true, false) }, Duration = duration };
        string text = Encoding.UTF8.GetString(SamplePlaylists.Write(SamplePlaylists.Live() with { Segments = new[] { segment }, OpenSegment = null, OpenMsn = 2 }));

        Assert.Contains($"#EXT-X-PART:DURATION={expected},", text, StringComparison.Ordinal);
        Assert.Contains($"#EXTINF:{expected},", text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_part_as_long_as_its_target_is_not_written_longer()
    {
        for (long ticks = 1_000_000; ticks < 1_000_100; ticks++)
        {
            var target = TimeSpan.FromTicks(ticks);
            MediaPlaylist playlist = SamplePlaylists.Live(1, 0) with
            {
                Control = new ServerControl(1, target, 3 * target),
                Segments = new[] { SamplePlaylists.Segment(1200, 1) with { Parts = new[] { new MediaPart(target, true, false) } } },
            };
            MediaPlaylistDocument document = SamplePlaylists.Parse(SamplePlaylists.Write(playlist));
            Assert.True(document.Segments[0].Parts[0].Duration <= document.PartTarget);
        }
    }

    private static string Lines(SegmentEntry segment)
        => $"{segment.Msn} {segment.Uri} {segment.Duration} {segment.MapUri} {segment.ProgramDateTime:O} {segment.StartsDiscontinuity} {segment.IsGap} {string.Join(' ', segment.Parts)}";
}
