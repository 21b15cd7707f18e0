using System.Text;
using Mirror.Media.Playlists;

namespace Mirror.Media.Tests.Playlists;

public sealed class MediaPlaylistParserTests
{
    private static readonly Dictionary<string, (string Text, string Error)> BadTexts = new()
    {
        ["no header"] = ("#EXT-X-TARGETDURATION:1\n", "a playlist starts with"),
        ["no target duration"] = ("#EXTM3U\n", "TARGETDURATION is missing"),
        ["a playlist tag twice"] = ("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXT-X-TARGETDURATION:1\n", "stands twice"),
        ["a URI without EXTINF"] = ("#EXTM3U\n#EXT-X-TARGETDURATION:1\n1.m4s\n", "without EXTINF"),
        ["EXTINF without a URI"] = ("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1.0,\n", "without a URI"),
        ["EXTINF without a comma"] = ("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1.0\n1.m4s\n", "bad EXTINF"),
        ["a negative sequence number"] = ("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXT-X-MEDIA-SEQUENCE:-1\n", "not a decimal integer"),
        ["a target duration of zero"] = ("#EXTM3U\n#EXT-X-TARGETDURATION:0\n", "out of range"),
        ["a discontinuity after the first part"] = ("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXT-X-PART:DURATION=1,URI=\"a\"\n#EXT-X-DISCONTINUITY\n", "after the segment's first EXT-X-PART"),
        ["a part without a duration"] = ("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXT-X-PART:URI=\"a\"\n", "needs DURATION"),
        ["a hint beside the end"] = ("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"a\"\n#EXT-X-ENDLIST\n", "beside EXT-X-ENDLIST"),
        ["two hints"] = ("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"a\"\n#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"b\"\n", "stands twice"),
        ["an attribute twice"] = ("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXT-X-MAP:URI=\"a\",URI=\"b\"\n", "without URI"),
        ["an open quote"] = ("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXT-X-MAP:URI=\"a\n", "without URI"),
        ["a skip after a segment"] = ("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1.0,\n1.m4s\n#EXT-X-SKIP:SKIPPED-SEGMENTS=3\n", "after the first segment"),
        ["a date that is none"] = ("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXT-X-PROGRAM-DATE-TIME:yesterday\n", "ISO 8601"),
    };

    public static TheoryData<string> BadNames => new(BadTexts.Keys);

    [Theory, MemberData(nameof(BadNames))]
    public void Refuses(string name)
    {
        Assert.False(MediaPlaylistParser.TryParse(BadTexts[name].Text, out _, out string? error));
        Assert.Contains(BadTexts[name].Error, error, StringComparison.Ordinal);
    }

    [Fact]
    public void Reads_back_what_the_writer_wrote()
    {
        MediaPlaylist playlist = SamplePlaylists.WithDiscontinuities();
        MediaPlaylistDocument document = SamplePlaylists.Parse(SamplePlaylists.Write(playlist, 0, new RenditionReport("../a/playlist.m3u8", 1207, 3)));

        Assert.Equal(9, document.Version);
        Assert.Equal(1, document.TargetDuration);
        Assert.True(document.CanBlockReload);
        Assert.Equal((6.0m, 3.0m, 0.3m, 0.1m), (document.CanSkipUntil, document.HoldBack, document.PartHoldBack, document.PartTarget));
        Assert.Equal((1200, 7, false), (document.MediaSequence, document.DiscontinuitySequence, document.IndependentSegments));
        Assert.Equal([1200, 1201, 1202, 1203, 1204, 1205, 1206], document.Segments.Select(segment => segment.Msn));
        Assert.Equal([1202, 1206], document.Segments.Where(segment => segment.StartsDiscontinuity).Select(segment => segment.Msn));
        Assert.Equal([1204], document.Segments.Where(segment => segment.IsGap).Select(segment => segment.Msn));
        Assert.Equal("init-2.mp4", document.Segments[5].MapUri);
        Assert.All(document.Segments, segment => Assert.NotNull(segment.ProgramDateTime));
        Assert.Equal(["#EXT-X-MAP:URI=\"init-2.mp4\"", "#EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:02.000Z", "#EXT-X-GAP", "#EXTINF:0.500000,", "1204.m4s"], document.Segments[4].Lines);
        Assert.Equal("#EXT-X-PART:DURATION=0.100000,URI=\"1207.0.m4s\",INDEPENDENT=YES", document.OpenSegment!.Parts[0].Line);
        Assert.Equal(SamplePlaylists.Start.AddSeconds(1), document.Segments[2].ProgramDateTime);
        Assert.True(document.OpenSegment is { Msn: 1207, StartsDiscontinuity: true, MapUri: "init-3.mp4", Parts.Count: 1 });
        Assert.Equal("1207.1.m4s", document.PreloadHintUri);
        Assert.Equal([new RenditionReport("../a/playlist.m3u8", 1207, 3)], document.Reports);
    }

    [Fact]
    public void Any_truncation_or_mutation_is_read_or_refused_but_never_thrown_at()
    {
        string text = Encoding.UTF8.GetString(SamplePlaylists.Write(SamplePlaylists.WithDiscontinuities()));
        for (int length = 0; length < text.Length; length++) { AssertReadOrRefused(text[..length]); }
        var random = new Random(20260101);
        for (int round = 0; round < 5_000; round++)
        {
            char[] mutated = text.ToCharArray();
            for (int i = 0; i < 4; i++) { mutated[random.Next(mutated.Length)] = (char)random.Next(32, 127); }
            AssertReadOrRefused(new string(mutated));
        }
    }

    private static void AssertReadOrRefused(string text)
    {
        bool isRead = MediaPlaylistParser.TryParse(text, out MediaPlaylistDocument? document, out string? error);
        Assert.Equal(isRead, document is not null);
        Assert.Equal(isRead, error is null);
    }
}
