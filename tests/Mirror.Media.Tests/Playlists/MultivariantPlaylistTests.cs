using System.Buffers;
using System.Text;
using Mirror.Media.Frames;
using Mirror.Media.Playlists;

namespace Mirror.Media.Tests.Playlists;

public sealed class MultivariantPlaylistTests
{
    private static readonly VideoTrack Video = new()
    {
        Id = 1,
        Codec = Codec.H264,
        CodecString = "avc1.640028",
        DecoderConfiguration = ReadOnlyMemory<byte>.Empty,
        Width = 1920,
        Height = 1080,
        FrameRate = new Rational(30000, 1001),
    };

    private static readonly MultivariantPlaylist VideoAndAudio = new(
        [
            new Variant("source/playlist.m3u8", 6_600_000, 6_000_000, "avc1.640028,mp4a.40.2", Video, AudioGroup: "audio"),
            new Variant("hdr/playlist.m3u8", 660_000, 600_000, "avc1.640028,mp4a.40.2", Video with { Colour = new ColourDescription(9, 16, 9, false), FrameRate = Rational.Unknown }, AudioGroup: "audio-aac"),
        ],
        [
            new AudioRendition("audio", "audio", "audio/playlist.m3u8", 2, IsDefault: true), new AudioRendition("audio", "second", "second/playlist.m3u8", 6, IsDefault: false),
            new AudioRendition("audio-aac", "audio", "audio-aac/playlist.m3u8", 2, IsDefault: true),
        ],
        IndependentSegments: true);

    private static readonly MultivariantPlaylist AudioOnly =
        new([new Variant("audio/playlist.m3u8", 80_000, 64_000, "mp4a.40.2", null, AudioGroup: null)], [], IndependentSegments: true);

    [Fact]
    public void Writes_video_with_an_audio_group() => Golden.Matches("multivariant.m3u8", Write(VideoAndAudio));

    [Fact]
    public void Writes_sound_alone() => Golden.Matches("multivariant-audio.m3u8", Write(AudioOnly));

    [Fact]
    public void Reads_back_what_the_writer_wrote()
    {
        Assert.True(MultivariantPlaylistParser.TryParse(Encoding.UTF8.GetString(Write(VideoAndAudio)), out MultivariantDocument? document, out string? error), error);
        Assert.Equal(["source/playlist.m3u8", "hdr/playlist.m3u8", "audio/playlist.m3u8", "second/playlist.m3u8", "audio-aac/playlist.m3u8"], document.PlaylistUris);
        VariantEntry source = document.Variants[0];
        Assert.Equal((6_600_000, 6_000_000L, "avc1.640028,mp4a.40.2"), (source.Bandwidth, source.AverageBandwidth, source.Codecs));
        Assert.Equal(("1920x1080", 29.970m, "SDR", "audio"), (source.Resolution, source.FrameRate, source.VideoRange, source.AudioGroup));
        Assert.Equal(("PQ", (decimal?)null, "audio-aac"), (document.Variants[1].VideoRange, document.Variants[1].FrameRate, document.Variants[1].AudioGroup));
        Assert.Equal(
            [("audio", "audio", "2", true), ("audio", "second", "6", false), ("audio-aac", "audio", "2", true)],
            document.Media.Select(media => (media.GroupId, media.Name, media.Channels, media.IsDefault)));
    }

    [Fact]
    public void Captions_are_listed_and_named_by_the_variants_that_carry_them()
    {
        var captions = new CaptionServices([new("CC1", "en"), new("SERVICE1", null)]);
        var playlist = new MultivariantPlaylist(
            [
                new Variant("source/playlist.m3u8", 2, 1, "avc1.640028", Video with { Captions = captions }, AudioGroup: null),
                new Variant("av1/playlist.m3u8", 2, 1, "av01.0.00M.08", Video, AudioGroup: null),
            ],
            [],
            IndependentSegments: true)
        { Captions = captions };
        Golden.Matches("multivariant-captions.m3u8", Write(playlist));
        Assert.True(MultivariantPlaylistParser.TryParse(Encoding.UTF8.GetString(Write(playlist)), out MultivariantDocument? document, out string? error), error);
        Assert.Equal(["cc", null], document.Variants.Select(variant => variant.CaptionGroup));
        Assert.Equal(
            [("CLOSED-CAPTIONS", "cc", "SERVICE1", "SERVICE1", null), ("CLOSED-CAPTIONS", "cc", "CC1", "CC1", "en")],
            document.Media.Select(media => (media.Type, media.GroupId, media.Name, media.InstreamId, media.Language)));
    }

    [Theory]
    [InlineData("#EXTM3U\n")]
    [InlineData("#EXTM3U\nsource.m3u8\n")]
    [InlineData("#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n")]
    [InlineData("#EXTM3U\n#EXT-X-STREAM-INF:CODECS=\"a\"\na.m3u8\n")]
    [InlineData("#EXTM3U\n#EXT-X-TARGETDURATION:1\n")]
    [InlineData("#EXTM3U\n#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"n\"\n#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"n\"\n#EXT-X-STREAM-INF:BANDWIDTH=1\na.m3u8\n")]
    [InlineData("#EXTM3U\n#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"n\",DEFAULT=YES\n#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"m\",DEFAULT=YES\n#EXT-X-STREAM-INF:BANDWIDTH=1\na.m3u8\n")]
    [InlineData("#EXTM3U\n#EXT-X-MEDIA:TYPE=CLOSED-CAPTIONS,GROUP-ID=\"cc\",NAME=\"n\"\n#EXT-X-STREAM-INF:BANDWIDTH=1,CLOSED-CAPTIONS=\"cc\"\na.m3u8\n")]
    [InlineData("#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1,CLOSED-CAPTIONS=\"cc\"\na.m3u8\n")]
    [InlineData("#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1,CLOSED-CAPTIONS=NONE\na.m3u8\n#EXT-X-STREAM-INF:BANDWIDTH=1\nb.m3u8\n")]
    public void Refuses(string text) => Assert.False(MultivariantPlaylistParser.TryParse(text, out _, out _));

    private static byte[] Write(MultivariantPlaylist playlist)
    {
        var output = new ArrayBufferWriter<byte>();
        MultivariantPlaylistWriter.Write(playlist, output);
        return output.WrittenSpan.ToArray();
    }
}
