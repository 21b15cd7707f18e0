using System.Text.Json;
using Mirror.Media.Playlists;

namespace Mirror.EndToEnd.Conformance;

/// <summary>Requests that are answered at once, whatever the stream does: the table of draft-pantos-hls-rfc8216bis §6.2.5.2, and what HTTP asks for.</summary>
internal sealed class DirectiveCases(Uri playlistUri, string name, HttpClient client, ConformanceReport report)
{
    private const int AdvancePartLimitSeconds = 3;
    private static readonly TimeSpan AtOnce = TimeSpan.FromSeconds(1);      // anything that blocks here blocks for three target durations

    public async Task CheckAsync(MediaPlaylistDocument playlist, CancellationToken cancellationToken)
    {
        if (playlist.IsEnded) { return; }
        // Far enough ahead that the stream does not catch up while the requests are under way.
        long farMsn = playlist.LastMsn + 1000;
        int farPart = (int)(AdvancePartLimitSeconds / Math.Min(playlist.PartTarget ?? 1, 1)) + 1000;
        foreach (string bad in new[] { "_HLS_part=0", "_HLS_msn=x", "_HLS_msn=-1", $"_HLS_msn={playlist.LastMsn}&_HLS_part=-1", "_HLS_msn=99999999999999999999", $"_HLS_msn={farMsn}", $"_HLS_msn={farMsn}&_HLS_part=0" })
        {
            await CheckStatusAsync(bad, 400, cancellationToken);
        }
        await CheckFarPartAsync(playlist, farPart, cancellationToken);
        foreach (string good in new[] { "", "_HLS_skip=YES", "_HLS_skip=v2", $"_HLS_msn={playlist.MediaSequence}", "_HLS_msn=0", "_HLS_msn=0&_HLS_part=3", $"_HLS_part=0&_HLS_msn={playlist.LastMsn}", "viewer=1" })
        {
            await CheckStatusAsync(good, 200, cancellationToken);
        }
        await CheckMethodsAsync(cancellationToken);
        await CheckUnknownAsync(cancellationToken);
    }

    private async Task CheckStatusAsync(string query, int expected, CancellationToken cancellationToken)
    {
        PlaylistResponse response = await SendAsync(HttpMethod.Get, $"{playlistUri.AbsolutePath}?{query}", cancellationToken);
        report.Check(expected == 400 ? "impossible requests are 400" : "possible requests are answered at once", response.Status == expected && response.Elapsed < AtOnce,
            $"{name}?{query}: {response.Status} after {response.Elapsed}");
        if (expected == 400) { CheckFailure(response, query); }
    }

    // A part of the open segment, or, if that closed meanwhile, of one before: then the number rolls over and is answered.
    private async Task CheckFarPartAsync(MediaPlaylistDocument playlist, int farPart, CancellationToken cancellationToken)
    {
        PlaylistResponse response = await SendAsync(HttpMethod.Get, $"{playlistUri.AbsolutePath}?_HLS_msn={playlist.LastMsn + 2}&_HLS_part={farPart}", cancellationToken);
        report.Check("a part too far ahead is 400", response.Status is 400 or 200 && response.Elapsed < AtOnce, $"{name}: {response.Status} after {response.Elapsed}");
        response = await SendAsync(HttpMethod.Get, $"{playlistUri.AbsolutePath}?_HLS_msn={playlist.LastMsn - 1}&_HLS_part={farPart}", cancellationToken);
        report.Check("a part past its segment's last rolls over", response.Status == 200 && response.Elapsed < AtOnce, $"{name}: {response.Status} after {response.Elapsed}");
    }

    private async Task CheckMethodsAsync(CancellationToken cancellationToken)
    {
        PlaylistResponse head = await SendAsync(HttpMethod.Head, playlistUri.AbsolutePath, cancellationToken);
        report.Check("HEAD is GET without a body", head.Status == 200 && head.Body.Length == 0 && head.Header("Content-Length").Length > 0, $"{name}: {head.Status}");
        PlaylistResponse options = await SendAsync(HttpMethod.Options, playlistUri.AbsolutePath, cancellationToken);
        bool allows = options.Status is 200 or 204 && options.Header("Access-Control-Allow-Origin") == "*" && options.Header("Access-Control-Allow-Headers").Contains("Range", StringComparison.OrdinalIgnoreCase);
        report.Check("OPTIONS allows pages of any origin", allows, $"{name}: {options.Status}");
        PlaylistResponse post = await SendAsync(HttpMethod.Post, playlistUri.AbsolutePath, cancellationToken);
        report.Check("other methods are 405", post.Status == 405, $"{name}: {post.Status}");
        CheckFailure(post, "POST");
    }

    private async Task CheckUnknownAsync(CancellationToken cancellationToken)
    {
        foreach (string file in new[] { "999999999999.m4s", "999999999999.0.m4s", "unknown.mp4", "unknown" })
        {
            PlaylistResponse response = await SendAsync(HttpMethod.Get, new Uri(playlistUri, file).AbsolutePath, cancellationToken);
            report.Check("unknown URLs are 404 at once", response.Status == 404 && response.Elapsed < AtOnce, $"{name} {file}: {response.Status}");
            CheckFailure(response, file);
        }
    }

    private void CheckFailure(PlaylistResponse response, string what)
    {
        report.Check("failures are not cached", response.Header("Cache-Control") is "no-store" or "max-age=1", $"{name} {what}: {response.Header("Cache-Control")}");
        bool isJson = false;
        try
        {
            using JsonDocument body = JsonDocument.Parse(response.Body);
            isJson = body.RootElement.TryGetProperty("error", out _) && body.RootElement.TryGetProperty("message", out _) && body.RootElement.TryGetProperty("time", out _);
        }
        catch (JsonException) { }   // reported below
        report.Check("failures have a JSON body", isJson, $"{name} {what}");
    }

    private Task<PlaylistResponse> SendAsync(HttpMethod method, string path, CancellationToken cancellationToken)
        => PlaylistResponse.SendAsync(client, method, new Uri(playlistUri, path), gzip: false, cancellationToken);
}
