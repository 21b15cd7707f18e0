using System.Diagnostics;
using Mirror.Media.Playlists;

namespace Mirror.EndToEnd.Conformance;

/// <summary>Follows one media playlist as a player does, and checks each state, each step from one to the next, and the media that they name.</summary>
internal sealed class RenditionWalk(Uri playlistUri, IReadOnlyList<Uri> allPlaylists, HttpClient client, WalkProgress progress, ConformanceReport report)
{
    private const int FormsInterval = 10;           // reloads between comparisons of full, delta and gzip
    private const int CachedInits = 64;
    private static readonly TimeSpan ClockGrain = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan Slack = TimeSpan.FromSeconds(1);           // for a busy machine
    private readonly HashSet<string> _inits = new(StringComparer.Ordinal);
    private readonly string _name = string.Join('/', playlistUri.Segments[^2..]).Replace("//", "/", StringComparison.Ordinal);
    private long _nextSegmentToFetch;
    private SegmentEntry? _removed;
    private IReadOnlyDictionary<Uri, (long Msn, int Part)> _seenBeforeLast = new Dictionary<Uri, (long, int)>();

    /// <summary>Dates can be held against the time at which a playlist came.</summary>
    public bool SharesClock { get; init; }

    /// <summary>The newest state.</summary>
    public MediaPlaylistDocument? Last { get; private set; }

    public async Task RunAsync(int reloads, CancellationToken cancellationToken)
    {
        PlaylistResponse first = await GetAsync("", gzip: false, cancellationToken);
        CheckPlaylistHeaders(first, "no-cache");
        if (Parse(first) is not { } playlist) { return; }
        Accept(playlist, first.ReceivedAt);
        _nextSegmentToFetch = playlist.LastMsn - 1;
        await new DirectiveCases(playlistUri, _name, client, report).CheckAsync(playlist, cancellationToken);
        for (int i = 0; i < reloads && !Last!.IsEnded; i++)
        {
            await ReloadAsync(i, cancellationToken);
            await FetchSegmentsAsync(cancellationToken);
            if (i % FormsInterval == 0) { await CompareFormsAsync(cancellationToken); }
        }
    }

    private async Task ReloadAsync(int round, CancellationToken cancellationToken)
    {
        (long msn, int part) = MutationRules.End(Last!);
        bool delta = round % 2 == 1 && Last!.CanSkipUntil is not null;
        IReadOnlyDictionary<Uri, (long Msn, int Part)> seenBefore = progress.Snapshot();
        Task<PlaylistResponse?> hinted = round % 3 == 0 ? FetchHintAsync(cancellationToken) : Task.FromResult<PlaylistResponse?>(null);
        string hint = Last!.PreloadHintUri ?? "";
        PlaylistResponse response = await GetAsync($"?_HLS_msn={msn}&_HLS_part={part}{(delta ? "&_HLS_skip=YES" : "")}", gzip: round % 4 == 0, cancellationToken);

        if (response.Status == 503)
        {
            // Allowed while the publisher is silent, but not before three target durations.
            report.Check("503 comes after three target durations", response.Elapsed >= TimeSpan.FromSeconds(3 * Last.TargetDuration) - ClockGrain, $"{_name}: {response.Elapsed}");
            await hinted;
            return;
        }
        if (!report.Check("a blocking reload is answered", response.Status == 200, $"{_name}: {response.Status} for {msn}.{part}")) { return; }
        report.Check("a blocking reload ends within three target durations", response.Elapsed <= TimeSpan.FromSeconds(3 * Last.TargetDuration) + Slack, $"{_name}: {response.Elapsed}");
        CheckPlaylistHeaders(response, $"max-age={6 * Last.TargetDuration}");
        if (Parse(response) is not { } received) { return; }
        if (!delta) { report.Check("a whole playlist skips nothing", received.SkippedSegments == 0, _name); }
        if (DeltaMerge.Apply(Last, received) is not { } whole)
        {
            report.Check("a delta update fits the copy it was asked for", false, $"{_name}: {received.MediaSequence} + {received.SkippedSegments}");
            return;
        }
        (long gotMsn, int gotParts) = MutationRules.End(whole);
        bool has = whole.IsEnded || gotMsn > msn || (gotMsn == msn && gotParts > part);
        report.Check("reload", has, $"{_name}: asked for {msn}.{part}, got up to {gotMsn}.{gotParts}");
        Accept(whole, response.ReceivedAt);
        CheckReports(whole, _seenBeforeLast);
        _seenBeforeLast = seenBefore;
        await CheckHintedAsync(hinted, hint, whole);
    }

    private void Accept(MediaPlaylistDocument playlist, DateTime receivedAt)
    {
        StateRules.Check(playlist, _name, report);
        if (SharesClock) { StateRules.CheckClock(playlist, receivedAt, _name, report); }
        if (Last is not null) { MutationRules.Check(Last, playlist, _name, report); }
        CheckReportedPlaylists(playlist);
        _removed = Last?.Segments.LastOrDefault(segment => segment.Msn < playlist.MediaSequence) ?? _removed;
        Last = playlist;
        (long msn, int parts) = MutationRules.End(playlist);
        if (parts > 0) { progress.Saw(playlistUri, msn, parts - 1); }
        else if (playlist.Segments.Count > 0 && playlist.Segments[^1].Parts.Count > 0) { progress.Saw(playlistUri, msn - 1, playlist.Segments[^1].Parts.Count - 1); }
    }

    private void CheckReportedPlaylists(MediaPlaylistDocument playlist)
    {
        Uri[] reported = [.. playlist.Reports.Select(item => new Uri(playlistUri, item.Uri))];
        report.Check("reports name other playlists, each once", reported.Distinct().Count() == reported.Length && !reported.Contains(playlistUri), _name);
        bool isComplete = allPlaylists.All(other => other == playlistUri || reported.Contains(other));
        report.Check("every other rendition is reported", playlist.IsEnded || isComplete, $"{_name}: {string.Join(' ', playlist.Reports)}");
    }

    // The newest part was not there when the request before this one came, so the playlist with it was made after that
    // request, and its reports are no older than what had been seen by then.
    private void CheckReports(MediaPlaylistDocument playlist, IReadOnlyDictionary<Uri, (long Msn, int Part)> seenBefore)
    {
        foreach (RenditionReport item in playlist.Reports)
        {
            if (!seenBefore.TryGetValue(new Uri(playlistUri, item.Uri), out (long Msn, int Part) seen)) { continue; }
            report.Check("reports are as fresh as the playlist", (item.LastMsn, item.LastPart).CompareTo(seen) >= 0, $"{_name}: {item}, seen {seen}");
        }
    }

    private async Task<PlaylistResponse?> FetchHintAsync(CancellationToken cancellationToken)
        => Last!.PreloadHintUri is { } hint ? await PlaylistResponse.SendAsync(client, HttpMethod.Get, new Uri(playlistUri, hint), gzip: false, cancellationToken) : null;

    private async Task CheckHintedAsync(Task<PlaylistResponse?> pending, string hint, MediaPlaylistDocument playlist)
    {
        if (await pending is not { } hinted) { return; }
        PartEntry? listed = playlist.Segments.Append(playlist.OpenSegment).OfType<SegmentEntry>().SelectMany(segment => segment.Parts).FirstOrDefault(part => part.Uri == hint);
        if (listed is null || listed.IsGap)
        {
            report.Check("an abandoned hint is 404", hinted.Status is 404 or 503, $"{_name} {hint}: {hinted.Status}");
            return;
        }
        if (!report.Check("a hinted part is served", hinted.Status == 200, $"{_name} {hint}: {hinted.Status}")) { return; }
        report.Check("a hinted part has a length, so it is whole when its first byte comes", hinted.Header("Content-Length") != "", $"{_name} {hint}");
        PlaylistResponse again = await PlaylistResponse.SendAsync(client, HttpMethod.Get, new Uri(playlistUri, hint), gzip: false, default);
        report.Check("a hinted part is the part listed later", again.Body.AsSpan().SequenceEqual(hinted.Body), $"{_name} {hint}");
    }

    private async Task FetchSegmentsAsync(CancellationToken cancellationToken)
    {
        while (_nextSegmentToFetch <= Last!.LastMsn)
        {
            SegmentEntry? segment = Last.Segments.FirstOrDefault(candidate => candidate.Msn == _nextSegmentToFetch);
            _nextSegmentToFetch++;
            if (segment is null) { continue; }
            await FetchInitAsync(segment.MapUri, cancellationToken);
            if (segment.IsGap) { continue; }
            PlaylistResponse whole = await FetchMediaAsync(segment.Uri, cancellationToken);
            if (segment.Parts.Count == 0) { continue; }
            var joined = new MemoryStream();
            foreach (PartEntry part in segment.Parts.Where(part => !part.IsGap))
            {
                PlaylistResponse fetched = await FetchMediaAsync(part.Uri, cancellationToken);
                joined.Write(fetched.Body);
            }
            report.Check("parts = segment", joined.ToArray().AsSpan().SequenceEqual(whole.Body), $"{_name} {segment.Uri}: {joined.Length} and {whole.Body.Length} bytes");
        }
        await FetchRemovedAsync(cancellationToken);
    }

    // The segment that left the playlist last stays available for as long as players may still be at it (§6.2.2).
    private async Task FetchRemovedAsync(CancellationToken cancellationToken)
    {
        if (_removed is not { IsGap: false } segment) { return; }
        _removed = null;
        PlaylistResponse response = await PlaylistResponse.SendAsync(client, HttpMethod.Get, new Uri(playlistUri, segment.Uri), gzip: false, cancellationToken);
        report.Check("a removed segment is still served", response.Status == 200, $"{_name} {segment.Uri}: {response.Status}");
    }

    private async Task FetchInitAsync(string? uri, CancellationToken cancellationToken)
    {
        if (uri is null || _inits.Count >= CachedInits || !_inits.Add(uri)) { return; }
        await FetchMediaAsync(uri, cancellationToken);
    }

    private async Task<PlaylistResponse> FetchMediaAsync(string uri, CancellationToken cancellationToken)
    {
        PlaylistResponse response = await PlaylistResponse.SendAsync(client, HttpMethod.Get, new Uri(playlistUri, uri), gzip: true, cancellationToken);
        report.Check("every listed part and segment is there", response.Status == 200, $"{_name} {uri}: {response.Status}");
        if (response.Status != 200) { return response; }
        report.Check("media is video/mp4 or audio/mp4", response.ContentType is "video/mp4" or "audio/mp4" or "video/iso.segment", $"{_name} {uri}: {response.ContentType}");
        report.Check("media is never compressed", response.ContentEncoding.Length == 0, $"{_name} {uri}");
        report.Check("media may be cached for long", response.Header("Cache-Control").Contains("immutable", StringComparison.Ordinal), $"{_name} {uri}: {response.Header("Cache-Control")}");
        report.Check("any page may read", response.Header("Access-Control-Allow-Origin") == "*", $"{_name} {uri}");
        report.Check("Content-Length is given", response.Header("Content-Length") == $"{response.Body.Length}", $"{_name} {uri}");
        return response;
    }

    // Full, delta and gzip of one state say the same. The state may move between requests: only answers of one state are compared.
    private async Task CompareFormsAsync(CancellationToken cancellationToken)
    {
        PlaylistResponse before = await GetAsync("", gzip: false, cancellationToken);
        PlaylistResponse compressed = await GetAsync("", gzip: true, cancellationToken);
        PlaylistResponse delta = await GetAsync("?_HLS_skip=YES", gzip: false, cancellationToken);
        PlaylistResponse after = await GetAsync("", gzip: false, cancellationToken);
        if (before.Status != 200 || !before.Body.AsSpan().SequenceEqual(after.Body)) { return; }
        report.Check("gzip is offered", compressed.ContentEncoding == "gzip", _name);
        report.Check("gzip = identity", compressed.Body.AsSpan().SequenceEqual(before.Body), _name);
        if (Parse(before) is not { } full || Parse(delta) is not { } update) { return; }
        MediaPlaylistDocument? merged = DeltaMerge.Apply(full, update);
        report.Check("delta = full", merged is not null && DeltaMerge.Same(full, merged), _name);
        decimal kept = update.Segments.Sum(segment => segment.Duration);
        report.Check("a delta keeps at least the skip boundary", update.SkippedSegments == 0 || kept >= update.CanSkipUntil, $"{_name}: {kept}");
    }

    private Task<PlaylistResponse> GetAsync(string query, bool gzip, CancellationToken cancellationToken)
        => PlaylistResponse.SendAsync(client, HttpMethod.Get, new Uri(playlistUri, query.Length == 0 ? playlistUri.AbsolutePath : playlistUri.AbsolutePath + query), gzip, cancellationToken);

    private MediaPlaylistDocument? Parse(PlaylistResponse response)
    {
        bool isRead = MediaPlaylistParser.TryParse(response.Text, out MediaPlaylistDocument? document, out string? error);
        if (!report.Check("a playlist keeps the syntax", isRead, $"{_name}: {error}")) { return null; }
        report.Check("EXT-X-VERSION covers the tags used", document!.Version >= (document.SkippedSegments > 0 ? 9 : 6), $"{_name}: {document.Version}");
        return document;
    }

    private void CheckPlaylistHeaders(PlaylistResponse response, string cacheControl)
    {
        report.Check("a playlist is application/vnd.apple.mpegurl", response.ContentType == "application/vnd.apple.mpegurl", $"{_name}: {response.ContentType}");
        report.Check("playlists are cached as their URL allows", response.Header("Cache-Control") == cacheControl, $"{_name}: {response.Header("Cache-Control")}, expected {cacheControl}");
        report.Check("playlists vary by Accept-Encoding", response.Header("Vary").Contains("Accept-Encoding", StringComparison.OrdinalIgnoreCase), _name);
        report.Check("any page may read", response.Header("Access-Control-Allow-Origin") == "*", _name);
        report.Check("pages may read Age and Date", response.Header("Access-Control-Expose-Headers").Contains("Age", StringComparison.Ordinal) && response.Header("Date").Length > 0, _name);
    }
}
