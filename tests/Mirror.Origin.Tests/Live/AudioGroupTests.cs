using System.Text;
using Mirror.Media.Frames;
using Mirror.Media.Playlists;
using Mirror.Origin.Tests.Publishing;

namespace Mirror.Origin.Tests.Live;

/// <summary>What a multivariant playlist says of streams with the publisher's sound, with encoded sound, and with both.</summary>
public sealed class AudioGroupTests : IAsyncLifetime
{
    private const int VideoPart = 5_000;                     // bytes of 100 ms: 400 kbit/s, and a quarter more as BANDWIDTH
    private const int SourcePart = 2_000;                    // 160 kbit/s
    private const int EncodedPart = 800;                     // 64 kbit/s
    private OriginServer _server = null!;

    public async ValueTask InitializeAsync() => _server = await OriginServer.StartAsync();

    public async ValueTask DisposeAsync() => await _server.DisposeAsync();

    [Fact]
    public async Task Encoded_video_goes_with_encoded_sound_and_the_source_with_its_own()
    {
        Video();
        _server.Audio(Codec.Aac, "mp4a.40.2", 2, SourcePart).Start().Init().Segments(6);
        EncodedAudio();
        MultivariantDocument document = await ReadAsync();
        Assert.Equal([("source", "audio", "avc1.640028,mp4a.40.2", 700_000L, (long?)560_000), ("360p", "audio-aac", "avc1.640028,mp4a.40.2", 580_000, 464_000)], document.Variants.Select(Told));
        Assert.Equal([("audio", "audio", "2", "audio/playlist.m3u8"), ("audio-aac", "audio", "2", "audio-aac/playlist.m3u8")],
            document.Media.Select(media => (media.GroupId, media.Name, media.Channels, media.Uri)));
    }

    [Theory]
    [InlineData(Codec.Ac3, "ac-3", 6)]
    [InlineData(Codec.Eac3, "ec-3", 6)]
    [InlineData(Codec.Opus, "opus", 2)]
    public async Task Sound_that_not_every_player_has_is_offered_beside_encoded_sound(Codec codec, string codecString, int channels)
    {
        Video();
        _server.Audio(codec, codecString, channels, SourcePart).Start().Init().Segments(6);
        EncodedAudio();
        MultivariantDocument document = await ReadAsync();
        Assert.Equal(
            [("source", "audio", $"avc1.640028,{codecString}", 700_000L, (long?)560_000), ("source", "audio-aac", "avc1.640028,mp4a.40.2", 580_000, 464_000), ("360p", "audio-aac", "avc1.640028,mp4a.40.2", 580_000, 464_000)],
            document.Variants.Select(Told));
        Assert.Equal([($"{channels}", true), ("2", true)], document.Media.Select(media => (media.Channels!, media.IsDefault)));
    }

    [Fact]
    public async Task Sound_that_cannot_be_delivered_leaves_encoded_sound_for_all()
    {
        Video();
        EncodedAudio();
        MultivariantDocument document = await ReadAsync();
        Assert.Equal([("source", "audio-aac"), ("360p", "audio-aac")], document.Variants.Select(variant => (Path.GetDirectoryName(variant.Uri)!, variant.AudioGroup!)));
    }

    [Fact]
    public async Task Without_encoded_sound_all_go_with_the_sources()
    {
        Video();
        _server.Audio(Codec.Aac, "mp4a.40.2", 2, SourcePart).Start().Init().Segments(6);
        MultivariantDocument document = await ReadAsync();
        Assert.Equal([("source", "audio"), ("360p", "audio")], document.Variants.Select(variant => (Path.GetDirectoryName(variant.Uri)!, variant.AudioGroup!)));
    }

    [Fact]
    public async Task Each_group_has_every_language_under_its_own_name()
    {
        Video();
        foreach (TestRendition sound in new[]
        {
            _server.Language("audio", "ger", Codec.Ac3), _server.Language("audio-aac", "ger"), _server.Language("audio-2", "eng"), _server.Language("audio-3", "eng", purpose: AudioPurpose.VisualImpaired),
            _server.Language("audio-4", "eng"), _server.Language("audio-5", "xho"),
        }) { sound.Start().Init().Segments(6); }
        string text = Encoding.UTF8.GetString(await _server.Client.GetByteArrayAsync("/live/demo/playlist.m3u8"));
        MultivariantDocument document = await ReadAsync();
        (string, string)[] others = [("English", "audio-2/playlist.m3u8"), ("English (audio description)", "audio-3/playlist.m3u8"), ("English 4", "audio-4/playlist.m3u8"), ("xho", "audio-5/playlist.m3u8")];
        Assert.Equal([("German", "audio/playlist.m3u8"), .. others], document.Media.Where(media => media.GroupId == "audio").Select(media => (media.Name, media.Uri!)));
        Assert.Equal([("German", "audio-aac/playlist.m3u8"), .. others], document.Media.Where(media => media.GroupId == "audio-aac").Select(media => (media.Name, media.Uri!)));
        Assert.Equal(["German", "German"], document.Media.Where(media => media.IsDefault).Select(media => media.Name));
        Assert.Contains("NAME=\"German\",LANGUAGE=\"de\",DEFAULT=YES,AUTOSELECT=YES", text, StringComparison.Ordinal);
        Assert.Contains("LANGUAGE=\"en\",CHARACTERISTICS=\"public.accessibility.describes-video\",DEFAULT=NO", text, StringComparison.Ordinal);
        Assert.Equal([("source", "audio", "avc1.640028,ac-3,mp4a.40.2"), ("source", "audio-aac", "avc1.640028,mp4a.40.2"), ("360p", "audio-aac", "avc1.640028,mp4a.40.2")],
            document.Variants.Select(variant => (Path.GetDirectoryName(variant.Uri)!, variant.AudioGroup!, variant.Codecs!)));
    }

    [Fact]
    public async Task Sound_alone_in_several_languages_is_one_variant_with_a_choice()
    {
        _server.Language("audio", "fra").Start().Init().Segments(6);
        _server.Language("audio-2", "eng").Start().Init().Segments(6);
        MultivariantDocument document = await ReadAsync();
        Assert.Equal([("audio/playlist.m3u8", "audio")], document.Variants.Select(variant => (variant.Uri, variant.AudioGroup!)));
        Assert.Equal([("French", "audio/playlist.m3u8"), ("English", "audio-2/playlist.m3u8")], document.Media.Select(media => (media.Name, media.Uri!)));
    }

    private void Video()
    {
        _server.Video(partLength: VideoPart).Start().Init().Segments(6);
        _server.Video(rendition: "360p", partLength: VideoPart).Start().Init().Segments(6);
    }

    private void EncodedAudio() => _server.Audio(rendition: "audio-aac", partLength: EncodedPart).Start().Init().Segments(6);

    private async Task<MultivariantDocument> ReadAsync()
    {
        string text = Encoding.UTF8.GetString(await _server.Client.GetByteArrayAsync("/live/demo/playlist.m3u8"));
        Assert.True(MultivariantPlaylistParser.TryParse(text, out MultivariantDocument? document, out string? error), error);
        return document;
    }

    private static (string Rendition, string? Group, string? Codecs, long Bandwidth, long? Average) Told(VariantEntry variant)
        => (Path.GetDirectoryName(variant.Uri)!, variant.AudioGroup, variant.Codecs, variant.Bandwidth, variant.AverageBandwidth);
}
