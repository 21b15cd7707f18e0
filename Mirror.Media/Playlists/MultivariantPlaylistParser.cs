using System.Diagnostics.CodeAnalysis;

namespace Mirror.Media.Playlists;

/// <summary>Reads a multivariant playlist strictly (draft-pantos-hls-rfc8216bis §4.4.6). For tests and tools.</summary>
public static class MultivariantPlaylistParser
{
    /// <summary>Parses <paramref name="text"/>.</summary>
    /// <param name="text">The whole playlist.</param>
    /// <param name="document">What it says.</param>
    /// <param name="error">The line at fault and why.</param>
    /// <returns><see langword="false"/> when the text breaks a rule of syntax; never throws.</returns>
    public static bool TryParse(string text, [NotNullWhen(true)] out MultivariantDocument? document, [NotNullWhen(false)] out string? error)
    {
        ArgumentNullException.ThrowIfNull(text);
        document = null;
        var variants = new List<VariantEntry>();
        var media = new List<MediaEntry>();
        bool independent = false;
        AttributeList? pending = null;
        int number = 0;
        foreach (ReadOnlySpan<char> line in text.AsSpan().EnumerateLines())
        {
            number++;
            error = null;
            if (number == 1 && line is not "#EXTM3U") { error = "a playlist starts with #EXTM3U"; }
            else if (line.IsEmpty || number == 1) { continue; }
            else if (pending is not null)
            {
                if (line[0] == '#') { error = "EXT-X-STREAM-INF without a URI"; }
                else { variants.Add(ToVariant(line.ToString(), pending)); }
                pending = null;
            }
            else if (line[0] != '#') { error = "a URI without EXT-X-STREAM-INF"; }
            else if (line is "#EXT-X-INDEPENDENT-SEGMENTS") { independent = true; }
            else if (line.StartsWith("#EXTINF") || line.StartsWith("#EXT-X-TARGETDURATION")) { error = "a media playlist's tag"; }
            else if (line.StartsWith("#EXT-X-STREAM-INF:"))
            {
                if (!AttributeList.TryParse(line["#EXT-X-STREAM-INF:".Length..], out pending)) { error = "bad attribute list"; }
                else if (pending.Integer("BANDWIDTH") is null) { error = "BANDWIDTH is missing"; }
            }
            else if (line.StartsWith("#EXT-X-MEDIA:"))
            {
                if (!AttributeList.TryParse(line["#EXT-X-MEDIA:".Length..], out AttributeList? attributes)) { error = "bad attribute list"; }
                else if (attributes.Text("TYPE") is null || attributes.Text("GROUP-ID") is null || attributes.Text("NAME") is null) { error = "TYPE, GROUP-ID or NAME is missing"; }
                else { media.Add(ToMedia(attributes)); }
            }
            if (error is null) { continue; }
            error = $"line {number}: {error}: {line}";
            return false;
        }
        error = pending is not null ? "EXT-X-STREAM-INF without a URI" : variants.Count == 0 ? "no variant" : GroupError(media) ?? CaptionError(variants, media);
        if (error is not null) { return false; }
        document = new MultivariantDocument(variants, media, independent);
        return true;
    }

    /// <summary>Names are unique within a group, and one at most is its default (§4.4.6.1.1).</summary>
    private static string? GroupError(List<MediaEntry> media)
    {
        foreach (IGrouping<(string, string), MediaEntry> group in media.GroupBy(entry => (entry.Type, entry.GroupId)))
        {
            if (group.DistinctBy(entry => entry.Name).Count() < group.Count()) { return $"a NAME stands twice in the group \"{group.Key.Item2}\""; }
            if (group.Count(entry => entry.IsDefault) > 1) { return $"two members of the group \"{group.Key.Item2}\" are its default"; }
        }
        return null;
    }

    /// <summary>Checks the rules of closed captions (§4.4.6.1, §4.4.6.2).</summary>
    private static string? CaptionError(List<VariantEntry> variants, List<MediaEntry> media)
    {
        bool isWrong = media.Exists(static entry => entry.Type == "CLOSED-CAPTIONS"
            ? entry.InstreamId is null || entry.Uri is not null
            : entry.InstreamId is not null);
        if (isWrong)
        {
            return "closed captions have an INSTREAM-ID and no URI, and nothing else has one";
        }
        if (variants.Exists(static variant => variant.CaptionGroup == "NONE") && variants.Exists(static variant => variant.CaptionGroup != "NONE"))
        {
            return "CLOSED-CAPTIONS=NONE stands at some variants only";
        }
        VariantEntry? lost = variants.Find(variant => variant.CaptionGroup is not (null or "NONE")
            && !media.Exists(entry => entry.Type == "CLOSED-CAPTIONS" && entry.GroupId == variant.CaptionGroup));
        return lost is null ? null : $"there is no group of captions \"{lost.CaptionGroup}\"";
    }

    private static VariantEntry ToVariant(string uri, AttributeList attributes) => new(uri, attributes.Integer("BANDWIDTH") ?? 0,
        attributes.Integer("AVERAGE-BANDWIDTH"), attributes.Text("CODECS"), attributes.Text("RESOLUTION"), attributes.Seconds("FRAME-RATE"),
        attributes.Text("VIDEO-RANGE"), attributes.Text("AUDIO"))
    {
        CaptionGroup = attributes.Text("CLOSED-CAPTIONS"),
    };

    private static MediaEntry ToMedia(AttributeList attributes)
        => new(attributes.Text("TYPE")!, attributes.Text("GROUP-ID")!, attributes.Text("NAME")!, attributes.Text("URI"), attributes.Text("CHANNELS"), attributes.Text("DEFAULT") == "YES")
        {
            InstreamId = attributes.Text("INSTREAM-ID"),
            Language = attributes.Text("LANGUAGE"),
        };
}

/// <summary>A multivariant playlist as its text says.</summary>
/// <param name="Variants">EXT-X-STREAM-INF, in order.</param>
/// <param name="Media">EXT-X-MEDIA, in order.</param>
/// <param name="IndependentSegments">EXT-X-INDEPENDENT-SEGMENTS.</param>
public sealed record MultivariantDocument(IReadOnlyList<VariantEntry> Variants, IReadOnlyList<MediaEntry> Media, bool IndependentSegments)
{
    /// <summary>Every media playlist of the presentation, each once.</summary>
    public IReadOnlyList<string> PlaylistUris => [.. Variants.Select(variant => variant.Uri).Concat(Media.Select(media => media.Uri).OfType<string>()).Distinct(StringComparer.Ordinal)];
}

/// <summary>One EXT-X-STREAM-INF.</summary>
/// <param name="Uri">URI of its media playlist.</param>
/// <param name="Bandwidth">BANDWIDTH, in bit/s.</param>
/// <param name="AverageBandwidth">AVERAGE-BANDWIDTH, in bit/s.</param>
/// <param name="Codecs">CODECS.</param>
/// <param name="Resolution">RESOLUTION.</param>
/// <param name="FrameRate">FRAME-RATE.</param>
/// <param name="VideoRange">VIDEO-RANGE.</param>
/// <param name="AudioGroup">AUDIO.</param>
public sealed record VariantEntry(string Uri, long Bandwidth, long? AverageBandwidth, string? Codecs, string? Resolution, decimal? FrameRate,
    string? VideoRange, string? AudioGroup)
{
    /// <summary>CLOSED-CAPTIONS: the group, or NONE.</summary>
    public string? CaptionGroup { get; init; }
}

/// <summary>One EXT-X-MEDIA.</summary>
/// <param name="Type">TYPE.</param>
/// <param name="GroupId">GROUP-ID.</param>
/// <param name="Name">NAME.</param>
/// <param name="Uri">URI; absent when the medium is muxed into the variant.</param>
/// <param name="Channels">CHANNELS.</param>
/// <param name="IsDefault">DEFAULT=YES.</param>
public sealed record MediaEntry(string Type, string GroupId, string Name, string? Uri, string? Channels, bool IsDefault)
{
    /// <summary>INSTREAM-ID, of closed captions.</summary>
    public string? InstreamId { get; init; }

    /// <summary>LANGUAGE.</summary>
    public string? Language { get; init; }
}
