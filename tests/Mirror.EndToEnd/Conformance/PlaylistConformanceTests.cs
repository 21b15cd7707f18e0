using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using Mirror.Origin.Tests.Publishing;

namespace Mirror.EndToEnd.Conformance;

/// <summary>The checker finds nothing wrong with an origin that is right, and finds each thing that is wrong.</summary>
public sealed class PlaylistConformanceTests(ITestOutputHelper output) : IAsyncLifetime
{
    private const int Reloads = 40;
    private const int Walkers = 2;
    private const int LongestWait = 100;            // milliseconds at least
    private readonly CancellationTokenSource _stop = new();
    private OriginServer _server = null!;
    private Task _publishing = Task.CompletedTask;

    private Uri Multivariant => new(_server.Http, "/live/demo/playlist.m3u8");

    public async ValueTask InitializeAsync() => _server = await OriginServer.StartAsync();

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _publishing;
        await _server.DisposeAsync();
        _stop.Dispose();
    }

    [Fact]
    public async Task A_sound_origin_conforms()
    {
        Publish(TimeSpan.FromMilliseconds(10));
        ConformanceReport report = await PlaylistConformance.WalkAsync(Multivariant, _server.Client, reloads: 400, default);

        output.WriteLine(report.ToString());
        Assert.Empty(report.Violations);
        Assert.Equal((2, 800), (report.Renditions, report.Reloads));
        foreach (string rule in new[] { "parts = segment", "delta = full", "gzip = identity", "hints come true", "reports are as fresh as the playlist", "a hinted part is the part listed later",
            "a removed segment is still served", "EXT-X-DISCONTINUITY-SEQUENCE counts what left", "dates advance with durations", "a part too far ahead is 400" })
        {
            Assert.True(report.Count(rule) > 0, rule);
        }
    }

    [Fact]
    public async Task A_sound_origin_conforms_over_http2()
    {
        Publish(TimeSpan.FromMilliseconds(10));
        using HttpClient client = _server.CreateClient(HttpVersion.Version20);
        ConformanceReport report = await PlaylistConformance.WalkAsync(new Uri(_server.Https, Multivariant.AbsolutePath), client, reloads: 100, default);
        Assert.Empty(report.Violations);
        Assert.Equal(200, report.Reloads);
    }

    [Fact]
    public async Task Discontinuities_gaps_and_short_segments_conform()
    {
        Publish(TimeSpan.FromMilliseconds(10), eventful: true);
        ConformanceReport report = await PlaylistConformance.WalkAsync(Multivariant, _server.Client, reloads: 300, default);
        Assert.Empty(report.Violations);
    }

    [Fact]
    public async Task A_silent_publisher_conforms()
    {
        TestRendition video = _server.Video().Start().Init().Segments(10).Part();
        ConformanceReport report = await PlaylistConformance.CheckSilenceAsync(new Uri(_server.Http, $"/live/{video.Key.StreamId}/source/playlist.m3u8"), _server.Client, default);
        Assert.Empty(report.Violations);
        Assert.Equal(1, report.Count("silence is 503"));
    }

    private static int _changes;

    private static readonly Dictionary<string, (string Rule, Func<Uri, HttpResponseMessage, string, string> Corrupt)> Faults = new()
    {
        ["the target duration changes"] = ("EXT-X-TARGETDURATION stays", OnReload(text => text.Replace("TARGETDURATION:1", "TARGETDURATION:2"))),
        ["a server control changes"] = ("EXT-X-SERVER-CONTROL stays", OnReload(text => text.Replace("PART-HOLD-BACK=0.3", "PART-HOLD-BACK=0.4"))),
        ["a hold-back below its minimum"] = ("HOLD-BACK is at least three target durations", OnPlaylist(text => text.Replace("HOLD-BACK=3.0", "HOLD-BACK=2.0"))),
        ["a part hold-back below its minimum"] = ("PART-HOLD-BACK is at least three part targets", OnPlaylist(text => text.Replace("PART-HOLD-BACK=0.3", "PART-HOLD-BACK=0.2"))),
        ["no blocking reload"] = ("CAN-BLOCK-RELOAD=YES", OnPlaylist(text => text.Replace("CAN-BLOCK-RELOAD=YES,", ""))),
        ["a skip boundary below its minimum"] = ("CAN-SKIP-UNTIL is at least six target durations", OnPlaylist(text => text.Replace("CAN-SKIP-UNTIL=6.0", "CAN-SKIP-UNTIL=3.0"))),
        ["a version too low"] = ("EXT-X-VERSION covers the tags used", OnPlaylist(text => text.Replace("VERSION:9", "VERSION:6"))),
        ["a tag twice"] = ("a playlist keeps the syntax", OnPlaylist(text => text.Replace("#EXT-X-PART-INF", "#EXT-X-VERSION:9\n#EXT-X-PART-INF"))),
        ["a part above the target"] = ("no part exceeds the part target", OnPlaylist(text => text.Replace("DURATION=0.100000,URI=\"", "DURATION=0.100100,URI=\""))),
        ["short parts in the middle"] = ("parts have 85 % of the part target", OnPlaylist(text => text.Replace("DURATION=0.100000", "DURATION=0.080000"))),
        ["a segment longer than its parts"] = ("the parts' durations are the segment's", OnPlaylist(text => text.Replace("EXTINF:0.500000", "EXTINF:0.500100"))),
        ["a segment longer than the target duration"] = ("EXTINF rounds to at most the target duration", OnPlaylist(text => text.Replace("EXTINF:0.500000", "EXTINF:1.600000"))),
        ["no date"] = ("every segment has a date", OnPlaylist(text => Regex.Replace(text, "#EXT-X-PROGRAM-DATE-TIME.*\n", ""))),
        ["dates that jump"] = ("dates advance with durations", OnPlaylist(text => Regex.Replace(text, "(PROGRAM-DATE-TIME:[0-9T:-]*)\\.\\d\\d\\dZ", match => $"{match.Groups[1]}.{match.Groups[1].Value.Sum(c => c) * 37 % 1000:D3}Z"))),
        ["dates a century ahead"] = ("no part ends in the future", OnPlaylist(text => text.Replace("PROGRAM-DATE-TIME:20", "PROGRAM-DATE-TIME:21"))),
        ["no map"] = ("every segment has a map", OnPlaylist(text => Regex.Replace(text, "#EXT-X-MAP.*\n", ""))),
        ["no hint"] = ("a live playlist hints the next part", OnPlaylist(text => Regex.Replace(text, "#EXT-X-PRELOAD-HINT.*\n", ""))),
        ["a wrong hint"] = ("hints come true", OnPlaylist(text => Regex.Replace(text, "(PRELOAD-HINT:TYPE=PART,URI=\")", "$1other-"))),
        ["no reports"] = ("every other rendition is reported", OnPlaylist(text => Regex.Replace(text, "#EXT-X-RENDITION-REPORT.*\n", ""))),
        ["stale reports"] = ("reports are as fresh as the playlist", OnPlaylist(text => Regex.Replace(text, "LAST-MSN=(\\d+)", match => $"LAST-MSN={long.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture) - 1}"))),
        ["parts for ever"] = ("parts are listed for three target durations", OnPlaylist(text => Regex.Replace(text, "(#EXTINF:0.500000,\n(\\d+).m4s)", "#EXT-X-PART:DURATION=0.1,URI=\"$2.0.m4s\",INDEPENDENT=YES\n$1"))),
        ["a false promise of independence"] = ("EXT-X-INDEPENDENT-SEGMENTS is true", OnPlaylist(text => text.Replace(",INDEPENDENT=YES", ""))),
        ["numbers that step back"] = ("EXT-X-MEDIA-SEQUENCE does not step back", OnReload(text => Regex.Replace(text, "MEDIA-SEQUENCE:(\\d+)", match => $"MEDIA-SEQUENCE:{long.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture) - 50}"))),
        ["segments that change"] = ("listed segments do not change", OnPlaylist(text => text.Replace("#EXTINF:0.500000,", $"#EXTINF:{0.5m + Interlocked.Increment(ref _changes) % 100 * 0.000001m:F6},"))),
        ["dates only where they are needed at the moment"] = ("listed segments do not change", OnPlaylist(text => KeepFirst(text, "#EXT-X-PROGRAM-DATE-TIME.*\n"))),
        ["an uncounted discontinuity"] = ("EXT-X-DISCONTINUITY-SEQUENCE counts what left", OnReload(text => Regex.Replace(text, "DISCONTINUITY-SEQUENCE:\\d+", "DISCONTINUITY-SEQUENCE:9"))),
        ["a delta that skips too much"] = ("delta = full", OnPlaylist(text => Regex.Replace(text, "SKIPPED-SEGMENTS=\\d+(\n#EXT-X-MAP.*\n)#EXT-X-PROGRAM-DATE-TIME.*\n#EXTINF.*\n.*\n", "SKIPPED-SEGMENTS=2$1"))),
        ["nothing new"] = ("reload", FreezeAfter(30)),
        ["spoiled parts"] = ("parts = segment", (uri, _, text) => Regex.IsMatch(uri.AbsolutePath, "\\.2\\.m4s$") && text.Length > 9 ? "spoiled!" + text[8..] : text),
        ["missing parts"] = ("every listed part and segment is there", (uri, response, text) => Regex.IsMatch(uri.AbsolutePath, "\\.3\\.m4s$") ? SetStatus(response, HttpStatusCode.NotFound, text) : text),
        ["media named as text"] = ("media is video/mp4 or audio/mp4", (uri, response, text) => SetType(response, uri, ".m4s", "text/plain", text)),
        ["playlists named as text"] = ("a playlist is application/vnd.apple.mpegurl", (uri, response, text) => SetType(response, uri, ".m3u8", "text/plain", text)),
        ["playlists cached for an hour"] = ("playlists are cached as their URL allows", (uri, response, text) => SetHeader(response, uri, "Cache-Control", "max-age=3600", text)),
        ["no CORS"] = ("any page may read", (uri, response, text) => SetHeader(response, uri, "Access-Control-Allow-Origin", null, text)),
        ["no Vary"] = ("playlists vary by Accept-Encoding", (uri, response, text) => SetHeader(response, uri, "Vary", null, text)),
        ["impossible requests answered"] = ("impossible requests are 400", (_, response, text) => response.StatusCode == HttpStatusCode.BadRequest ? SetStatus(response, HttpStatusCode.OK, text) : text),
        ["failures cached"] = ("failures are not cached", (_, response, text) => (int)response.StatusCode >= 400 ? SetCache(response, text) : text),
        ["failures without JSON"] = ("failures have a JSON body", (_, response, text) => (int)response.StatusCode >= 400 ? "sorry" : text),
        ["a variant without codecs"] = ("variants name their codecs", (uri, _, text) => uri.Segments.Length == 4 ? Regex.Replace(text, "CODECS=\"[^\"]*\",", "") : text),
        ["an audio group that is not there"] = ("audio groups exist", (uri, _, text) => uri.Segments.Length == 4 ? text.Replace("AUDIO=\"audio\"", "AUDIO=\"other\"") : text),
        ["two target durations"] = ("all renditions have one target duration", (uri, _, text) => uri.AbsolutePath.Contains("/audio/playlist") ? text.Replace("TARGETDURATION:1", "TARGETDURATION:2") : text),
    };

    public static TheoryData<string> FaultNames => new(Faults.Keys);

    [Theory, MemberData(nameof(FaultNames))]
    public async Task Finds(string fault)
    {
        (string rule, Func<Uri, HttpResponseMessage, string, string> corrupt) = Faults[fault];
        Publish(TimeSpan.FromMilliseconds(10));
        using var client = new HttpClient(new CorruptingHandler(corrupt)) { Timeout = TimeSpan.FromSeconds(20) };
        ConformanceReport report = await PlaylistConformance.WalkAsync(Multivariant, client, Reloads, default, sharesClock: true);
        Assert.Contains(report.Violations, violation => violation.StartsWith(rule + ":", StringComparison.Ordinal));
    }

    // Ten times as fast as it plays, so that a walk sees many segments in a second; but each part waits, for as long as it plays, until both
    // walkers ask for it: where the machine is busy, they would fall behind as no player does.
    private void Publish(TimeSpan interval, bool eventful = false)
    {
        TestRendition video = _server.Video().Start().Init().Segments(24);
        TestRendition audio = _server.Audio().Start().Init().Segments(24);
        _publishing = Task.Run(async () =>
        {
            using var timer = new PeriodicTimer(interval);
            for (int i = 1; !_stop.IsCancellationRequested; i++)
            {
                if (eventful) { PublishEvent(i, video, audio); }
                video.Part();
                audio.Part();
                await timer.WaitForNextTickAsync();
                for (int waited = 0; _server.Streams.Parking.Count < Walkers && waited < LongestWait; waited++) { await Task.Delay(1); }
            }
        });
    }

    private static void PublishEvent(int i, TestRendition video, TestRendition audio)
    {
        switch (i % 50)
        {
            case 10:
                video.Discontinuity().Init(i);
                audio.Discontinuity().Init(i);
                break;
            case 22:
                video.Part().Missing(ends: false);
                audio.Part().Missing(ends: false);
                break;
            case 33 when video.NextPart > 0 && audio.NextPart > 0:
                video.Close();
                audio.Close();
                break;
        }
    }

    private static Func<Uri, HttpResponseMessage, string, string> OnPlaylist(Func<string, string> change)
        => (uri, _, text) => text.Contains("#EXT-X-MEDIA-SEQUENCE") ? change(text) : text;

    private static Func<Uri, HttpResponseMessage, string, string> OnReload(Func<string, string> change)
        => (uri, _, text) => uri.Query.Contains("_HLS_part") && text.Contains("#EXT-X-MEDIA-SEQUENCE") ? change(text) : text;

    private static Func<Uri, HttpResponseMessage, string, string> FreezeAfter(int answers)
    {
        int count = 0;
        string frozen = "";
        return (uri, _, text) =>
        {
            if (!uri.AbsolutePath.EndsWith("/source/playlist.m3u8", StringComparison.Ordinal) || !text.Contains("#EXT-X-MEDIA-SEQUENCE") || text.Contains("#EXT-X-SKIP")) { return text; }
            if (Interlocked.Increment(ref count) == answers) { frozen = text; }
            return count > answers && frozen.Length > 0 ? frozen : text;
        };
    }

    private static string KeepFirst(string text, string pattern)
    {
        int matches = 0;
        return Regex.Replace(text, pattern, match => matches++ == 0 ? match.Value : "");
    }

    private static string SetStatus(HttpResponseMessage response, HttpStatusCode status, string text)
    {
        response.StatusCode = status;
        return text;
    }

    private static string SetType(HttpResponseMessage response, Uri uri, string suffix, string type, string text)
    {
        if (uri.AbsolutePath.EndsWith(suffix, StringComparison.Ordinal)) { response.Content.Headers.ContentType = new(type); }
        return text;
    }

    private static string SetHeader(HttpResponseMessage response, Uri uri, string name, string? value, string text)
    {
        if (!uri.AbsolutePath.EndsWith(".m3u8", StringComparison.Ordinal)) { return text; }
        response.Headers.Remove(name);
        if (value is not null) { response.Headers.TryAddWithoutValidation(name, value); }
        return text;
    }

    private static string SetCache(HttpResponseMessage response, string text)
    {
        response.Headers.CacheControl = new() { MaxAge = TimeSpan.FromHours(1) };
        return text;
    }
}
