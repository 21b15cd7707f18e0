using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.Playwright;
using Mirror.EndToEnd.Browser;

namespace Mirror.EndToEnd.Cases;

/// <summary>Streams of several languages: each is listed, delivered as it comes and encoded, and can be chosen.</summary>
public sealed partial class LanguageCaseTests(ITestOutputHelper output)
{
    // Mono and stereo tones that are told apart by how often they cross zero.
    private const string Sources = "-f lavfi -i testsrc2=s=640x360:r=25 -f lavfi -i sine=f=400:r=48000 -f lavfi -i sine=f=1000:r=48000 -t 14 -map 0 -map 1 -map 2"
        + " -metadata:s:a:0 language=deu -metadata:s:a:1 language=eng -c:v libx264 -preset ultrafast -g 25 -pix_fmt yuv420p";

    private static readonly string LongSources = Sources.Replace("-t 14", "-t 60", StringComparison.Ordinal);      // outlasts a busy browser

    /// <summary>The case's file: two languages of AAC.</summary>
    [Fact]
    public async Task Each_language_is_listed_and_delivered_as_it_comes()
    {
        CaseFile file = CaseFile.Read("B15.ts");
        await using MirrorServer server = await MirrorServer.StartAsync();
        await using CasePush push = CasePush.Start(server, file, "cam");
        await server.WaitForPlaylistAsync("cam");
        await push.ArrivedAsync();
        string[] media = await ListedAsync(server, "cam", "audio");
        Assert.Equal(["de", "en"], (await server.GetStreamAsync("cam"))!["languages"]!.AsArray().Select(language => (string?)language));
        await server.StopStreamAsync("cam");
        Assert.Equal(["LANGUAGE=\"de\" NAME=\"German\" DEFAULT=YES URI=\"audio/playlist.m3u8\"", "LANGUAGE=\"en\" NAME=\"English\" DEFAULT=NO URI=\"audio-2/playlist.m3u8\""], media);
        for (int language = 0; language < 2; language++)
        {
            string[] sent = await HashesAsync($"-i {CaseFile.PathOf("B15.ts")}", $"0:a:{language}");
            string[] delivered = await HashesAsync($"-live_start_index 0 -i {PlayCase.Playlist(server, "cam", language == 0 ? "audio" : "audio-2")}", "0:a:0");
            output.WriteLine($"language {language}: {delivered.Length} of {sent.Length} frames");
            Assert.InRange(delivered.Length, sent.Length - 48, sent.Length);         // what is before the first key frame has no picture
            Assert.Empty(delivered.Except(sent));
        }
    }

    [Theory]
    [InlineData("-c:a mp2")]
    [InlineData("-c:a aac -b:a 192k")]
    public async Task Each_language_is_encoded(string codec)
    {
        using CaseEdit file = await CaseEdit.EncodeAsync($"{Sources} {codec}");
        await using MirrorServer server = await MirrorServer.StartAsync();
        await using CasePush push = CasePush.Start(server, file.Case, "cam");
        await server.WaitForPlaylistAsync("cam");
        await push.ArrivedAsync();
        string[] media = await ListedAsync(server, "cam", "audio-aac");
        await server.StopStreamAsync("cam");
        Assert.Equal(["LANGUAGE=\"de\" NAME=\"German\" DEFAULT=YES URI=\"audio-aac/playlist.m3u8\"", "LANGUAGE=\"en\" NAME=\"English\" DEFAULT=NO URI=\"audio-2-aac/playlist.m3u8\""], media);
        Assert.InRange(await PitchAsync(PlayCase.Playlist(server, "cam", "audio-aac")), 380, 420);
        Assert.InRange(await PitchAsync(PlayCase.Playlist(server, "cam", "audio-2-aac")), 970, 1030);
    }

    /// <summary>A language that comes later, and one that goes away, disturb no other; silence stands for what is away.</summary>
    [Fact]
    public async Task A_language_that_goes_away_is_silent_and_the_others_go_on()
    {
        using CaseEdit file = await CaseEdit.EncodeAsync($"{Sources} -c:a aac", "mute --pid 0x102 --from 4 --to 9");
        await using MirrorServer server = await MirrorServer.StartAsync();
        await using CasePush push = CasePush.Start(server, file.Case, "cam");
        await server.WaitForPlaylistAsync("cam");
        await push.ArrivedAsync();
        await server.StopStreamAsync("cam");
        foreach (string rendition in new[] { "source", "audio", "audio-2" })
        {
            string playlist = await server.Client.GetStringAsync($"live/cam/{rendition}/playlist.m3u8");
            Assert.DoesNotContain("GAP", playlist, StringComparison.Ordinal);
            Assert.DoesNotContain("#EXT-X-DISCONTINUITY\n", playlist, StringComparison.Ordinal);
        }
        Assert.InRange(await PitchAsync(PlayCase.Playlist(server, "cam", "audio")), 380, 420);
        Assert.InRange(await PitchAsync(PlayCase.Playlist(server, "cam", "audio-2")), 500, 750);        // a third of it is silence
    }

    [Fact]
    public async Task A_viewer_chooses_a_language_on_the_page()
    {
        using CaseEdit file = await CaseEdit.EncodeAsync($"{LongSources} -c:a aac");
        await using MirrorServer server = await MirrorServer.StartAsync();
        await using ChromiumBrowser browser = await ChromiumBrowser.StartAsync();
        await using CasePush push = CasePush.Start(server, file.Case, "cam");
        await server.WaitForPlaylistAsync("cam");
        IPage page = await browser.OpenAsync(new Uri(server.Https, "watch/cam"));
        ILocator menu = page.Locator("#sound");
        await Assertions.Expect(menu).ToBeVisibleAsync();
        Assert.Equal(["German", "English"], await menu.Locator("option").AllTextContentsAsync());
        await Assertions.Expect(menu).ToHaveValueAsync("German");
        Task<IRequest> asked = page.WaitForRequestAsync(new Regex("/audio-2(-aac)?/[0-9.]+\\.m4s"));
        await menu.SelectOptionAsync("English");
        await asked;
        await page.WaitForFunctionAsync("() => { const from = window.from ??= document.querySelector('video').currentTime; return document.querySelector('video').currentTime > from + 2; }");
        await Assertions.Expect(menu).ToHaveValueAsync("English");
        Assert.Empty(browser.Errors);
    }

    [Fact]
    public async Task A_language_that_comes_later_is_offered_on_the_page()
    {
        using CaseEdit file = await CaseEdit.EncodeAsync($"{LongSources} -c:a aac", "pmt-hide --pid 0x102 --until 5");
        await using MirrorServer server = await MirrorServer.StartAsync();
        await using ChromiumBrowser browser = await ChromiumBrowser.StartAsync();
        await using CasePush push = CasePush.Start(server, file.Case, "cam");
        await server.WaitForPlaylistAsync("cam");
        IPage page = await browser.OpenAsync(new Uri(server.Https, "watch/cam"));
        await page.WaitForFunctionAsync("() => window.mirrorPlayer?.state === 'playing'");
        ILocator menu = page.Locator("#sound");
        await Assertions.Expect(menu.Locator("option")).ToHaveTextAsync(["German", "English"]);
        await Assertions.Expect(menu).ToHaveValueAsync("German");
        Task<IRequest> asked = page.WaitForRequestAsync(new Regex("/audio-2(-aac)?/[0-9.]+\\.m4s"));
        await menu.SelectOptionAsync("English");
        await asked;
        await Assertions.Expect(menu).ToHaveValueAsync("English");
        await page.WaitForFunctionAsync("() => window.mirrorPlayer.state === 'playing'");
        Assert.Empty(browser.Errors);
    }

    /// <summary>What a multivariant playlist says of each sound of a group.</summary>
    private static async Task<string[]> ListedAsync(MirrorServer server, string stream, string group)
    {
        string text = await server.Client.GetStringAsync($"live/{stream}/playlist.m3u8");
        return [.. text.Split('\n').Where(line => line.StartsWith($"#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"{group}\"", StringComparison.Ordinal))
            .Select(line => string.Join(' ', new[] { "LANGUAGE", "NAME", "DEFAULT", "URI" }.Select(name => Regex.Match(line, $"[:,]({name}=(\"[^\"]*\"|[^,]*))").Groups[1].Value)))];
    }

    private static async Task<string[]> HashesAsync(string input, string track)
        => [.. (await Tool.RunAsync("ffmpeg", $"-v error {input} -map {track} -c copy -bsf:a aac_adtstoasc -f framehash -"))
            .Split('\n').Where(line => line.Length > 0 && line[0] != '#').Select(line => line.Split(',')[5].Trim())];

    /// <summary>Hertz of a tone, from how often it crosses zero.</summary>
    private static async Task<double> PitchAsync(Uri playlist)
    {
        await using Tool ffmpeg = Tool.Start("ffmpeg", $"-hide_banner -live_start_index 0 -i {playlist} -af astats=measure_overall=none -f null -");
        string text = await ffmpeg.Errors;
        return double.Parse(ZeroCrossings().Match(text).Groups[1].Value, CultureInfo.InvariantCulture) * 48_000 / 2;
    }

    [GeneratedRegex("Zero crossings rate: ([0-9.]+)")]
    private static partial Regex ZeroCrossings();
}
