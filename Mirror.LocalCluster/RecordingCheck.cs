using System.Globalization;
using System.Text.Json.Nodes;
using Mirror.Media.Playlists;

namespace Mirror.LocalCluster;

/// <summary>Checks that a stream was recorded as a whole, whatever happened meanwhile: every number is there, as a segment that can be fetched or as a gap; where all renditions lost some, a discontinuity says so.</summary>
/// <param name="origin">Base address of an origin.</param>
/// <param name="http">Fetches.</param>
public sealed class RecordingCheck(Uri origin, HttpClient http)
{
    private readonly List<string> _violations = [];
    private readonly List<CheckedRendition> _renditions = [];

    /// <summary>What did not hold.</summary>
    public IReadOnlyList<string> Violations => _violations;

    /// <summary>What was found.</summary>
    public IReadOnlyList<CheckedRendition> Renditions => _renditions;

    /// <summary>Fetches all recordings of a stream.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="log">Gets a line for each rendition.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task RunAsync(string stream, Action<string> log, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(log);
        if (await GetTextAsync(stream, new Uri(origin, $"api/v1/recordings?stream={stream}"), cancellationToken) is not { } answer) { return; }
        JsonArray recordings = JsonNode.Parse(answer)?["recordings"]?.AsArray() ?? [];
        if (recordings.Count != 1) { _violations.Add($"{stream}: {recordings.Count} recordings instead of one"); }
        foreach (JsonNode? recording in recordings)
        {
            var playlist = new Uri(origin, (string?)recording!["playlist"]);
            foreach (string rendition in recording["renditions"]!.AsArray().Select(rendition => (string)rendition!["name"]!))
            {
                if (await CheckAsync($"{stream}/{rendition}", new Uri(playlist, $"{rendition}/playlist.m3u8"), cancellationToken) is not { } found) { continue; }
                _renditions.Add(found);
                log(string.Create(CultureInfo.InvariantCulture, $"{found.Name,-24}{found.Segments,8} segments recorded, {found.Bytes / 1e6:F1} MB, {found.Gaps} gaps, {found.Lost} lost"));
            }
        }
    }

    private async Task<CheckedRendition?> CheckAsync(string name, Uri address, CancellationToken cancellationToken)
    {
        if (await GetTextAsync(name, address, cancellationToken) is not { } text) { return null; }
        if (!MediaPlaylistParser.TryParse(text, out MediaPlaylistDocument? playlist, out string? error))
        {
            _violations.Add($"{name}: its recording's playlist cannot be read: {error}");
            return null;
        }
        int gaps = 0;
        long lost = 0;
        long bytes = 0;
        long? last = null;
        foreach (SegmentEntry segment in playlist.Segments)
        {
            long number = long.Parse(Path.GetFileNameWithoutExtension(segment.Uri), CultureInfo.InvariantCulture);
            if (last is { } before && number != before + 1)
            {
                if (number <= before || !segment.StartsDiscontinuity) { _violations.Add($"{name}: {number} follows {before} in the recording"); }
                lost += number - before - 1;
            }
            last = number;
            if (segment.IsGap) { gaps++; }
            else { bytes += await LengthAsync(name, new Uri(address, segment.Uri), cancellationToken); }
        }
        return new CheckedRendition(name, playlist.Segments.Count, gaps, lost, playlist.Segments.Count(segment => segment.StartsDiscontinuity), bytes, playlist.IsEnded);
    }

    private async Task<string?> GetTextAsync(string name, Uri address, CancellationToken cancellationToken)
    {
        using HttpResponseMessage response = await http.GetAsync(address, cancellationToken);
        string text = await response.Content.ReadAsStringAsync(cancellationToken);
        if (response.IsSuccessStatusCode) { return text; }
        _violations.Add($"{name}: {address.PathAndQuery} is answered with {(int)response.StatusCode}: {text}");
        return null;
    }

    private async Task<long> LengthAsync(string name, Uri address, CancellationToken cancellationToken)
    {
        using HttpResponseMessage response = await http.GetAsync(address, cancellationToken);
        byte[] body = await response.Content.ReadAsByteArrayAsync(cancellationToken);
        if (response.IsSuccessStatusCode && body.AsSpan(4, 4).SequenceEqual("moof"u8)) { return body.Length; }
        _violations.Add($"{name}: {address.Segments[^1]} is in the recording and cannot be fetched ({(int)response.StatusCode})");
        return 0;
    }
}

/// <summary>A rendition as it was recorded.</summary>
/// <param name="Name">Stream and rendition.</param>
/// <param name="Segments">Segments, with those that are gaps.</param>
/// <param name="Gaps">Segments that are gaps.</param>
/// <param name="Lost">Numbers that are not listed, for no rendition has them: a discontinuity stands there.</param>
/// <param name="Discontinuities">Segments behind a discontinuity.</param>
/// <param name="Bytes">Bytes of all segments.</param>
/// <param name="IsEnded">Whether the playlist says that it is complete.</param>
public sealed record CheckedRendition(string Name, int Segments, int Gaps, long Lost, int Discontinuities, long Bytes, bool IsEnded);
