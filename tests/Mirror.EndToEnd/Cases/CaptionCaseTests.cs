using System.Text.Json.Nodes;
using Mirror.EndToEnd.Media;
using Mirror.EndToEnd.Transcode;
using Mirror.Media.Frames;
using Mirror.Media.Playlists;
using Mirror.Media.Tests.Codecs.Captions;

namespace Mirror.EndToEnd.Cases;

/// <summary>Captions within the publisher's pictures: playlists say so, and every rendition has them.</summary>
public sealed class CaptionCaseTests(ITestOutputHelper output)
{
    private const string Stream = "cam";
    private const int Seconds = 18;
    private static readonly (int, string)[] Captions = [.. Enumerable.Range(1, 8).Select(i => (2 * i, $"CAPTION {(char)('A' + i)}"))];

    [Fact]
    public async Task Captions_are_listed_and_are_in_the_source_and_in_encoded_renditions()
    {
        string file = await CaptionedMedia.MakeAsync(Captions, Seconds);
        await using MirrorServer server = await MirrorServer.StartAsync("--delivery.live_window", "1m", "--store.retention", "3m");
        await using (CasePush push = CasePush.Start(server, CaseFile.Read(file), Stream))
        {
            await Eventually.TrueAsync(async () => await ReadAsync(server) is { Media.Count: > 0, Variants: { Count: 2 } variants } && variants.All(variant => variant.CaptionGroup == "cc"),
                "both variants have captions");
            await push.ArrivedAsync();
            Assert.Equal(["CC1"], (await server.GetStreamAsync(Stream))!["captions"]!.AsArray().Select(static id => (string?)id));
            await server.StopStreamAsync(Stream);
        }
        await LadderTests.WaitForEndAsync(server, Stream, "360p");
        MultivariantDocument document = (await ReadAsync(server))!;
        Assert.Equal([("cc", "CC1", "CC1", null)], document.Media.Where(media => media.Type == "CLOSED-CAPTIONS").Select(media => (media.GroupId, media.Name, media.InstreamId, media.Uri)));

        string folder = Path.GetDirectoryName(file)!;
        MediaPlaylistDocument source = await LadderTests.GetPlaylistAsync(server, Stream, "source");
        MediaPlaylistDocument encoded = await LadderTests.GetPlaylistAsync(server, Stream, "360p");
        long first = encoded.Segments.First(segment => !segment.IsGap).Msn;
        byte[] sent = await CaptionsOfAsync(await SaveAsync(server, source, "source", first, folder));
        byte[] carried = await CaptionsOfAsync(await SaveAsync(server, encoded, "360p", first, folder));
        output.WriteLine($"{sent.Length / 3} pairs from segment {first} on, which is {first - source.MediaSequence} after the first");
        Assert.True(sent.Length >= 6 * 2 * CaptionedMedia.Rate);
        Assert.Equal(sent, carried);

        string[] texts = await TextsOfAsync(Path.Combine(folder, "source.mp4"));
        output.WriteLine(string.Join(", ", texts));
        Assert.Contains(Captions[^1].Item2, texts);
        Assert.True(texts.Length >= 3);
        Assert.Equal(texts, await TextsOfAsync(Path.Combine(folder, "360p.mp4")));
        Directory.Delete(folder, recursive: true);
    }

    /// <summary>Broadcasts, from which captions come. The source is not delivered; what is encoded of it has them.</summary>
    [Fact]
    public async Task Captions_of_MPEG_2_video_are_in_its_encoded_rendition()
    {
        string file = await CaptionedMedia.MakeAsync(Captions, Seconds, "mpeg2video -a53cc 1 -b:v 3M -g 15 -bf 2");
        await using MirrorServer server = await MirrorServer.StartAsync("--delivery.live_window", "1m", "--store.retention", "3m");
        await using (CasePush push = CasePush.Start(server, CaseFile.Read(file), Stream))
        {
            await push.ArrivedAsync();
            await server.StopStreamAsync(Stream);
        }
        await Eventually.TrueAsync(async () => (await LadderTests.GetPlaylistAsync(server, Stream, "360p")).IsEnded, "360p has ended");
        VariantEntry variant = Assert.Single((await ReadAsync(server))!.Variants);
        Assert.Equal(("360p/playlist.m3u8", "cc"), (variant.Uri, variant.CaptionGroup));
        string folder = Path.GetDirectoryName(file)!;
        MediaPlaylistDocument encoded = await LadderTests.GetPlaylistAsync(server, Stream, "360p");
        string[] texts = await TextsOfAsync(await SaveAsync(server, encoded, "360p", encoded.Segments.First(segment => !segment.IsGap).Msn, folder));
        output.WriteLine(string.Join(", ", texts));
        Assert.Equal(Captions.Select(caption => caption.Item2).TakeLast(texts.Length), texts);
        Assert.True(texts.Length >= 3);
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task A_stream_without_captions_is_listed_without_them()
    {
        string file = await new TestMedia("libx264", "30", 0.5, 0) { Seconds = 40, Size = "640x360" }.MakeAsync();
        await using MirrorServer server = await MirrorServer.StartAsync();
        await using CasePush push = CasePush.Start(server, CaseFile.Read(file), Stream);
        await Eventually.TrueAsync(async () => await ReadAsync(server) is { Variants.Count: 2 }, "both variants are there");
        string text = await server.Client.GetStringAsync(server.Playlist(Stream));
        Assert.DoesNotContain("CLOSED-CAPTIONS", text, StringComparison.Ordinal);
        JsonNode? answer = await server.GetStreamAsync(Stream);
        Assert.Null(answer!["captions"]);
    }

    private static async Task<MultivariantDocument?> ReadAsync(MirrorServer server)
    {
        using HttpResponseMessage response = await server.Client.GetAsync(server.Playlist(Stream));
        if (!response.IsSuccessStatusCode) { return null; }
        return MultivariantPlaylistParser.TryParse(await response.Content.ReadAsStringAsync(), out MultivariantDocument? document, out string? error) ? document : throw new InvalidDataException(error);
    }

    /// <summary>Saves a rendition from a segment on as one file.</summary>
    private static async Task<string> SaveAsync(MirrorServer server, MediaPlaylistDocument playlist, string rendition, long first, string folder)
    {
        string path = Path.Combine(folder, $"{rendition}.mp4");
        await using FileStream file = File.Create(path);
        Uri address = PlayCase.Playlist(server, Stream, rendition);
        await file.WriteAsync(await server.Client.GetByteArrayAsync(new Uri(address, playlist.Segments[0].MapUri!)));
        foreach (SegmentEntry segment in playlist.Segments.Where(segment => segment.Msn >= first)) { await file.WriteAsync(await server.Client.GetByteArrayAsync(new Uri(address, segment.Uri))); }
        return path;
    }

    /// <summary>The cc_data of all pictures.</summary>
    private static async Task<byte[]> CaptionsOfAsync(string file)
    {
        string raw = Path.ChangeExtension(file, ".h264");
        await Tool.RunAsync("ffmpeg", $"-v error -i {file} -map 0:v -c copy -bsf:v h264_mp4toannexb -f h264 {raw}");
        return CaptionBytes.TripletsOfStream(await File.ReadAllBytesAsync(raw));
    }

    /// <summary>The captions as ffmpeg's decoder shows them.</summary>
    private static async Task<string[]> TextsOfAsync(string file)
    {
        string subtitles = await Tool.RunAsync("ffmpeg", $"-v error -f lavfi -i movie={file}[out+subcc] -map 0:1 -f srt -");
        return [.. subtitles.Split('\n').Where(static line => line.Contains("CAPTION", StringComparison.Ordinal)).Select(static line => line[line.IndexOf("CAPTION", StringComparison.Ordinal)..].Trim().Split("</")[0])];
    }
}
