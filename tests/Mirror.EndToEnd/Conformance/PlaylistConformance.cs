using Mirror.Media.Playlists;

namespace Mirror.EndToEnd.Conformance;

/// <summary>Walks a live Low-Latency HLS presentation as a player does and checks it against every rule of draft-pantos-hls-rfc8216bis that a client can see.</summary>
public static class PlaylistConformance
{
    /// <summary>Follows all renditions at once, each for <paramref name="reloads"/> blocking reloads or until it ends.</summary>
    /// <param name="multivariant">The multivariant playlist.</param>
    /// <param name="client">A client that does not decompress by itself, so that compression can be checked.</param>
    /// <param name="reloads">Blocking reloads of each rendition; each takes a part's duration.</param>
    /// <param name="cancellationToken">Ends the walk with an exception.</param>
    /// <param name="sharesClock">The server runs on this machine, so that its dates can be held against the time here.</param>
    /// <returns>What was checked; it conforms when <see cref="ConformanceReport.Violations"/> is empty and the counts are what the caller expects.</returns>
    public static async Task<ConformanceReport> WalkAsync(Uri multivariant, HttpClient client, int reloads, CancellationToken cancellationToken,
        bool sharesClock = false)
    {
        ArgumentNullException.ThrowIfNull(multivariant);
        ArgumentNullException.ThrowIfNull(client);
        var report = new ConformanceReport();
        if (await ReadMultivariantAsync(multivariant, client, report, cancellationToken) is not { } document) { return report; }
        Uri[] playlists = [.. document.PlaylistUris.Select(uri => new Uri(multivariant, uri))];
        var progress = new WalkProgress();
        RenditionWalk[] walks = [.. playlists.Select(playlist => new RenditionWalk(playlist, playlists, client, progress, report) { SharesClock = sharesClock })];
        report.Renditions = walks.Length;
        await Task.WhenAll(walks.Select(walk => walk.RunAsync(reloads, cancellationToken)));
        CheckAcrossRenditions(walks, report);
        return report;
    }

    /// <summary>Checks, while nothing is published, that a blocking reload is refused with 503 after three target durations.</summary>
    /// <param name="mediaPlaylist">A media playlist of a live stream whose publisher is silent.</param>
    /// <param name="client">Any client.</param>
    /// <param name="cancellationToken">Ends the check with an exception.</param>
    public static async Task<ConformanceReport> CheckSilenceAsync(Uri mediaPlaylist, HttpClient client, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(mediaPlaylist);
        var report = new ConformanceReport { Renditions = 1 };
        PlaylistResponse first = await PlaylistResponse.SendAsync(client, HttpMethod.Get, mediaPlaylist, gzip: false, cancellationToken);
        if (!report.Check("a playlist keeps the syntax", MediaPlaylistParser.TryParse(first.Text, out MediaPlaylistDocument? playlist, out string? error), error ?? "")) { return report; }
        PlaylistResponse blocked;
        (long Msn, int Part) end = MutationRules.End(playlist!), before;
        do
        {
            // What was on its way when the publisher fell silent comes first: such an answer must have something new.
            before = end;
            blocked = await PlaylistResponse.SendAsync(client, HttpMethod.Get, new Uri(mediaPlaylist, $"?_HLS_msn={end.Msn}&_HLS_part={end.Part}"), gzip: false, cancellationToken);
            if (blocked.Status == 200 && MediaPlaylistParser.TryParse(blocked.Text, out MediaPlaylistDocument? later, out _)) { end = MutationRules.End(later); }
        }
        while (blocked.Status == 200 && end.CompareTo(before) > 0);
        double limit = 3.0 * playlist!.TargetDuration;
        report.Check("silence is 503", blocked.Status == 503, $"{blocked.Status}");
        report.Check("503 comes after three target durations", blocked.Elapsed.TotalSeconds > limit - 0.1 && blocked.Elapsed.TotalSeconds < limit + 1.5, $"{blocked.Elapsed}");
        report.Check("failures are not cached", blocked.Header("Cache-Control") == "no-store", blocked.Header("Cache-Control"));
        return report;
    }

    private static async Task<MultivariantDocument?> ReadMultivariantAsync(Uri uri, HttpClient client, ConformanceReport report, CancellationToken cancellationToken)
    {
        PlaylistResponse response = await PlaylistResponse.SendAsync(client, HttpMethod.Get, uri, gzip: false, cancellationToken);
        if (!report.Check("the multivariant playlist is served", response.Status == 200, $"{response.Status}")) { return null; }
        report.Check("a playlist is application/vnd.apple.mpegurl", response.ContentType == "application/vnd.apple.mpegurl", response.ContentType);
        report.Check("the multivariant playlist may be cached for seconds", response.Header("Cache-Control").StartsWith("max-age=", StringComparison.Ordinal), response.Header("Cache-Control"));
        bool isRead = MultivariantPlaylistParser.TryParse(response.Text, out MultivariantDocument? document, out string? error);
        if (!report.Check("the multivariant playlist keeps the syntax", isRead, error ?? "")) { return null; }
        foreach (VariantEntry variant in document!.Variants) { CheckVariant(variant, document, report); }
        PlaylistResponse compressed = await PlaylistResponse.SendAsync(client, HttpMethod.Get, uri, gzip: true, cancellationToken);
        report.Check("gzip is offered", compressed.ContentEncoding == "gzip", "multivariant");
        return document;
    }

    private static void CheckVariant(VariantEntry variant, MultivariantDocument document, ConformanceReport report)
    {
        bool hasVideo = variant.Resolution is not null;
        report.Check("variants name their codecs", !string.IsNullOrEmpty(variant.Codecs), variant.Uri);
        report.Check("variants tell their rates", variant.Bandwidth > 0 && variant.AverageBandwidth > 0 && variant.AverageBandwidth <= variant.Bandwidth, $"{variant.Uri}: {variant.Bandwidth}, {variant.AverageBandwidth}");
        report.Check("video variants tell their frame rate and range", !hasVideo || (variant.FrameRate > 0 && variant.VideoRange is "SDR" or "HLG" or "PQ"), variant.Uri);
        bool groupExists = variant.AudioGroup is null || document.Media.Any(media => media.Type == "AUDIO" && media.GroupId == variant.AudioGroup);
        report.Check("audio groups exist", groupExists, $"{variant.Uri}: {variant.AudioGroup}");
    }

    private static void CheckAcrossRenditions(RenditionWalk[] walks, ConformanceReport report)
    {
        MediaPlaylistDocument[] last = [.. walks.Select(walk => walk.Last).OfType<MediaPlaylistDocument>()];
        if (last.Length == 0) { return; }
        report.Check("all renditions have one target duration", last.Select(playlist => playlist.TargetDuration).Distinct().Count() == 1, "");
        report.Check("all renditions have one EXT-X-SERVER-CONTROL", last.Select(playlist => (playlist.HoldBack, playlist.PartHoldBack, playlist.CanSkipUntil)).Distinct().Count() == 1, "");
        decimal largest = last.Max(playlist => playlist.PartTarget ?? 0);
        report.Check("PART-HOLD-BACK covers the largest part target", last.All(playlist => playlist.PartHoldBack >= 3 * largest), $"{largest}");
    }
}
