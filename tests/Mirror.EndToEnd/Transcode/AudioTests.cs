using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.Playwright;
using Mirror.EndToEnd.Browser;
using Mirror.EndToEnd.Media;
using Mirror.Media.Playlists;

namespace Mirror.EndToEnd.Transcode;

/// <summary>ffmpeg pushes every kind of sound over SRT; encoded sound decodes without a complaint, starts and ends where the pictures do, and plays in a browser.</summary>
public sealed class AudioTests(ITestOutputHelper output)
{
    private const string Encoded = "audio-aac";
    private const int SegmentsLookedAt = 6;                  // three seconds
    private const double LargestOffset = 0.003;              // seconds, at the edge of a beep

    private static readonly (string Stream, string Audio, bool IsDelivered)[] Kinds =
        [("mp2", "-c:a mp2 -b:a 192k -ac 2", false), ("ac3", "-c:a ac3 -b:a 384k -ac 6", true), ("opus", "-c:a libopus -b:a 96k -ac 2", true)];

    [Fact]
    public async Task Every_kind_of_sound_becomes_AAC_in_step_with_the_pictures()
    {
        await using MirrorServer server = await MirrorServer.StartAsync();
        await using Tool radio = Tool.Start("ffmpeg", "-v error -re -f lavfi -i sine=frequency=440:sample_rate=48000 -c:a mp2 -b:a 192k -ac 2 -f mpegts -muxdelay 0 -muxpreload 0 -flush_packets 1",
            server.SrtUrl("radio"));
        var pushes = new List<Tool>();
        try
        {
            foreach ((string stream, string audio, _) in Kinds)
            {
                // One after another, as publishers come: a machine of two cores that starts all at once leaves out pictures at first.
                pushes.Add(Push(server, stream, audio));
                await LadderTests.WaitForRenditionAsync(server, stream);
            }
            await Task.WhenAll(Kinds.Select(kind => CheckLiveAsync(server, kind.Stream, kind.IsDelivered)));
            await CheckRadioAsync(server);
        }
        finally
        {
            foreach (Tool push in pushes) { await push.DisposeAsync(); }
        }
        await Task.WhenAll(Kinds.Select(kind => CheckRecordedAsync(server, kind.Stream, output)));
    }

    [Fact]
    public async Task A_browser_plays_the_sound_of_MP2_and_switches_sound_with_pictures()
    {
        const string heard = "bytes => window.mirrorPlayer?.state === 'playing' && document.querySelector('video').webkitAudioDecodedByteCount > bytes + 5000";
        var patience = new PageWaitForFunctionOptions { Timeout = 120_000 };
        await using MirrorServer server = await MirrorServer.StartAsync();
        await using Tool mp2 = Push(server, "mp2", Kinds[0].Audio);
        await using Tool aac = Push(server, "aac", "-c:a aac -b:a 160k -ac 2", size: "640x480");
        await using ChromiumBrowser browser = await ChromiumBrowser.StartAsync();
        await server.WaitForPlaylistAsync("mp2");
        IPage page = await browser.OpenAsync(new Uri(server.Https, "watch/mp2"));
        await page.WaitForFunctionAsync(heard, 0, patience);

        // Here the source has the publisher's sound, and the encoded rendition AAC of a lower rate.
        await page.GotoAsync(new Uri(server.Https, "watch/aac").ToString());
        await page.WaitForFunctionAsync(heard, 0, patience);
        foreach ((string rendition, int height) in new[] { ("360p", 360), ("source", 480) })
        {
            await page.Locator("#quality").SelectOptionAsync(rendition);
            await page.WaitForFunctionAsync("height => document.querySelector('video').videoHeight === height", height, patience);
            await page.WaitForFunctionAsync(heard, await page.EvaluateAsync<int>("() => document.querySelector('video').webkitAudioDecodedByteCount"), patience);
        }
        output.WriteLine(browser.LateRequests);
        Assert.Empty(browser.Errors);
    }

    internal static async Task CheckLiveAsync(MirrorServer server, string stream, bool isDelivered)
    {
        await LadderTests.WaitForRenditionAsync(server, stream);
        await server.WaitForPlaylistAsync(stream);
        await Eventually.TrueAsync(async () => (await LadderTests.GetPlaylistAsync(server, stream, Encoded)).Segments.Count >= SegmentsLookedAt, $"there is sound of {stream}");
        string[] expected = isDelivered ? ["source+audio", "source+audio-aac", "360p+audio-aac"] : ["source+audio-aac", "360p+audio-aac"];
        string[] listed = [];
        await Eventually.TrueAsync(async () =>
        {
            listed = [.. (await MultivariantAsync(server, stream)).Variants.Select(variant => $"{Path.GetDirectoryName(variant.Uri)}+{variant.AudioGroup}")];
            return listed.SequenceEqual(expected);
        }, () => $"all variants of {stream} are listed, not only {string.Join(", ", listed)}");
        JsonNode state = (await server.GetStreamAsync(stream))!["transcode"]!["audio"]!;
        Assert.Equal((Encoded, "aac", 2, 48_000, 64_000, true),
            ((string?)state["name"], (string?)state["codec"], (int)state["channels"]!, (int)state["sample_rate"]!, (int)state["bitrate"]!, (bool)state["up"]!));
    }

    /// <summary>Sound without pictures that no player has.</summary>
    private static async Task CheckRadioAsync(MirrorServer server)
    {
        await server.WaitForPlaylistAsync("radio");
        VariantEntry variant = Assert.Single((await MultivariantAsync(server, "radio")).Variants);
        Assert.Equal(("audio-aac/playlist.m3u8", "mp4a.40.2", (string?)null), (variant.Uri, variant.Codecs, variant.AudioGroup));
        await Eventually.TrueAsync(async () => (await LadderTests.GetPlaylistAsync(server, "radio", Encoded)).Segments.Count >= SegmentsLookedAt, "there is sound of radio");
        await server.StopStreamAsync("radio");
        Assert.DoesNotContain((await LadderTests.GetPlaylistAsync(server, "radio", Encoded)).Segments, segment => segment.IsGap);
        await using Tool decode = Tool.Start("ffmpeg", $"-v error -xerror -i {LadderTests.RenditionUrl(server, "radio", Encoded)} -f null -");
        Assert.Equal((0, ""), (await decode.ExitAsync(), await decode.Errors));
    }

    internal static async Task CheckRecordedAsync(MirrorServer server, string stream, ITestOutputHelper output)
    {
        await server.StopStreamAsync(stream);
        MediaPlaylistDocument pictures = await LadderTests.GetPlaylistAsync(server, stream, "360p");
        Dictionary<long, SegmentEntry> sound = (await LadderTests.GetPlaylistAsync(server, stream, Encoded)).Segments.ToDictionary(segment => segment.Msn);
        Assert.All(pictures.Segments.SkipLast(2), segment =>
        {
            Assert.False(sound[segment.Msn].IsGap);
            Assert.Equal((double)segment.Duration, (double)sound[segment.Msn].Duration, 0.03);
        });
        await using Tool decode = Tool.Start("ffmpeg", $"-v error -xerror -i {LadderTests.RenditionUrl(server, stream, Encoded)} -f null -");
        Assert.Equal((0, ""), (await decode.ExitAsync(), await decode.Errors));
        // Flash and beep begin together, once a second: what is heard is when it is seen. A busy machine may leave out the first pictures.
        double beep = await BeginAsync(server, stream, Encoded, "-af asetpts=PTS-95444/TB,silencedetect=noise=-30dB:d=0.3", "silence_end: ");
        double flash = await BeginAsync(server, stream, "360p", "-vf setpts=PTS-95444/TB,blackdetect=d=0.3:pix_th=0.2", "black_end:");
        double behind = Math.IEEERemainder(beep - flash, 1);
        output.WriteLine($"{stream}: sound is {behind * 1000:F1} ms behind the pictures");
        Assert.InRange(behind, -LargestOffset, LargestOffset);
    }

    /// <summary>A white flash and a beep at each whole second.</summary>
    internal static Tool Push(MirrorServer server, string stream, string audio, string size = "640x360") => Tool.Start("ffmpeg",
        $"-v error -re -f lavfi -i color=black:size={size}:rate=25,drawbox=color=white:t=fill:enable='lt(mod(t,1),0.2)' "
        + "-f lavfi -i aevalsrc=exprs='if(lt(mod(t,1),0.2),0.5*sin(2*PI*1000*t),0)':sample_rate=48000 "
        + $"-c:v libx264 -preset ultrafast -tune zerolatency -g 12 -sc_threshold 0 -pix_fmt yuv420p {audio} -f mpegts -muxdelay 0 -muxpreload 0 -flush_packets 1", server.SrtUrl(stream));

    private static async Task<MultivariantDocument> MultivariantAsync(MirrorServer server, string stream)
        => MultivariantPlaylistParser.TryParse(await server.Client.GetStringAsync(server.Playlist(stream)), out MultivariantDocument? document, out string? error)
            ? document
            : throw new InvalidDataException(error);

    /// <summary>When silence or darkness ends for the second time, on the source's timeline: packaging adds 95444 s to it.</summary>
    private static async Task<double> BeginAsync(MirrorServer server, string stream, string rendition, string filter, string word)
    {
        await using Tool tool = Tool.Start("ffmpeg", $"-v info -copyts -i {LadderTests.RenditionUrl(server, stream, rendition)} {filter} -f null -");
        await tool.ExitAsync();
        string[] found = [.. (await tool.Errors).Split('\n').Where(line => line.Contains(word, StringComparison.Ordinal)).Select(line => line[(line.IndexOf(word, StringComparison.Ordinal) + word.Length)..].Split(' ')[0])];
        Assert.True(found.Length > 1, await tool.Errors);
        return double.Parse(found[1], CultureInfo.InvariantCulture);
    }
}
