using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Mirror.Media.Playlists;

/// <summary>Reads a media playlist strictly: what the draft forbids is an error, not a guess (draft-pantos-hls-rfc8216bis §4).</summary>
/// <remarks>For tests and tools. A tag that it does not know is ignored, as §6.3.1 asks.</remarks>
public sealed class MediaPlaylistParser
{
    private readonly MediaPlaylistDocument _document = new();
    private readonly HashSet<string> _seen = new(StringComparer.Ordinal);
    private List<PartEntry> _parts = [];
    private List<string> _lines = [];
    private string? _map;
    private string? _mapLine;
    private decimal? _duration;
    private DateTime? _programDateTime;
    private bool _startsDiscontinuity;
    private bool _isGap;
    private bool _mediaBegan;

    private MediaPlaylistParser() { }

    /// <summary>Parses <paramref name="text"/>.</summary>
    /// <param name="text">The whole playlist.</param>
    /// <param name="document">What it says.</param>
    /// <param name="error">The line at fault and why.</param>
    /// <returns><see langword="false"/> when the text breaks a rule of syntax; never throws.</returns>
    public static bool TryParse(string text, [NotNullWhen(true)] out MediaPlaylistDocument? document, [NotNullWhen(false)] out string? error)
    {
        ArgumentNullException.ThrowIfNull(text);
        document = null;
        var parser = new MediaPlaylistParser();
        int number = 0;
        foreach (ReadOnlySpan<char> raw in text.AsSpan().EnumerateLines())
        {
            number++;
            error = parser.ReadLine(raw, number);
            if (error is not null)
            {
                error = $"line {number}: {error}: {raw}";
                return false;
            }
        }
        error = parser.Finish();
        if (error is not null) { return false; }
        document = parser._document;
        return true;
    }

    private string? ReadLine(ReadOnlySpan<char> line, int number)
    {
        if (number == 1) { return line is "#EXTM3U" ? null : "a playlist starts with #EXTM3U"; }
        if (line.IsEmpty) { return null; }
        if (line[0] != '#') { return ReadUri(line); }
        if (!line.StartsWith("#EXT")) { return null; }
        if (_document.IsEnded) { return "a tag follows EXT-X-ENDLIST"; }
        int colon = line.IndexOf(':');
        string tag = (colon < 0 ? line : line[..colon]).ToString();
        ReadOnlySpan<char> value = colon < 0 ? default : line[(colon + 1)..];
        return IsPlaylistTag(tag) ? ReadPlaylistTag(tag, value) : ReadSegmentTag(tag, value, line);
    }

    private static bool IsPlaylistTag(string tag) => tag is "#EXT-X-VERSION" or "#EXT-X-TARGETDURATION" or "#EXT-X-SERVER-CONTROL"
        or "#EXT-X-PART-INF" or "#EXT-X-MEDIA-SEQUENCE" or "#EXT-X-DISCONTINUITY-SEQUENCE" or "#EXT-X-INDEPENDENT-SEGMENTS"
        or "#EXT-X-SKIP" or "#EXT-X-ENDLIST" or "#EXT-X-PLAYLIST-TYPE";

    private string? ReadPlaylistTag(string tag, ReadOnlySpan<char> value)
    {
        if (!_seen.Add(tag)) { return "the tag stands twice"; }
        if (_mediaBegan && tag is ("#EXT-X-MEDIA-SEQUENCE" or "#EXT-X-DISCONTINUITY-SEQUENCE")) { return "the tag stands after the first segment"; }
        switch (tag)
        {
            case "#EXT-X-INDEPENDENT-SEGMENTS":
                _document.IndependentSegments = true;
                return null;
            case "#EXT-X-ENDLIST":
                _document.IsEnded = true;
                return null;
            case "#EXT-X-SERVER-CONTROL" or "#EXT-X-PART-INF" or "#EXT-X-SKIP":
                return AttributeList.TryParse(value, out AttributeList? attributes) ? ReadControl(tag, attributes) : "bad attribute list";
            case "#EXT-X-PLAYLIST-TYPE":
                return value is "EVENT" or "VOD" ? null : "unknown playlist type";
            default:
                return ReadNumber(tag, value);
        }
    }

    private string? ReadNumber(string tag, ReadOnlySpan<char> value)
    {
        if (!long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out long number)) { return "not a decimal integer"; }
        switch (tag)
        {
            case "#EXT-X-MEDIA-SEQUENCE":
                _document.MediaSequence = number;
                return null;
            case "#EXT-X-DISCONTINUITY-SEQUENCE":
                _document.DiscontinuitySequence = number;
                return null;
            case "#EXT-X-VERSION" when number is >= 1 and <= 100:
                _document.Version = (int)number;
                return null;
            case "#EXT-X-TARGETDURATION" when number is >= 1 and <= 86_400:
                _document.TargetDuration = (int)number;
                return null;
            default:
                return "out of range";
        }
    }

    private string? ReadControl(string tag, AttributeList attributes)
    {
        switch (tag)
        {
            case "#EXT-X-SERVER-CONTROL":
                _document.CanBlockReload = attributes.IsYes("CAN-BLOCK-RELOAD");
                _document.CanSkipUntil = attributes.Seconds("CAN-SKIP-UNTIL");
                _document.HoldBack = attributes.Seconds("HOLD-BACK");
                _document.PartHoldBack = attributes.Seconds("PART-HOLD-BACK");
                return null;
            case "#EXT-X-PART-INF":
                _document.PartTarget = attributes.Seconds("PART-TARGET");
                return _document.PartTarget > 0 ? null : "PART-TARGET is missing";
            default:
                if (_mediaBegan) { return "EXT-X-SKIP stands after the first segment"; }
                _document.SkippedSegments = attributes.Integer("SKIPPED-SEGMENTS") is > 0 and < int.MaxValue and long skipped ? (int)skipped : 0;
                return _document.SkippedSegments > 0 ? null : "SKIPPED-SEGMENTS is missing";
        }
    }

    private string? ReadSegmentTag(string tag, ReadOnlySpan<char> value, ReadOnlySpan<char> line)
    {
        if (tag is "#EXT-X-PRELOAD-HINT" or "#EXT-X-RENDITION-REPORT") { return ReadTail(tag, value); }
        _mediaBegan = true;
        if (tag == "#EXT-X-MAP") { _mapLine = line.ToString(); }
        else if (tag != "#EXT-X-PART") { _lines.Add(line.ToString()); }
        switch (tag)
        {
            case "#EXTINF":
                if (_duration is not null) { return "EXTINF stands twice"; }
                int comma = value.IndexOf(',');
                if (comma < 0 || !AttributeList.TryParseSeconds(value[..comma], out decimal seconds)) { return "bad EXTINF"; }
                _duration = seconds;
                return null;
            case "#EXT-X-PART":
                return ReadPart(value, line);
            case "#EXT-X-GAP":
                _isGap = true;
                return null;
            case "#EXT-X-DISCONTINUITY" or "#EXT-X-MAP" or "#EXT-X-PROGRAM-DATE-TIME" when _parts.Count > 0:
                return "the tag stands after the segment's first EXT-X-PART";
            case "#EXT-X-DISCONTINUITY":
                if (_startsDiscontinuity) { return "EXT-X-DISCONTINUITY stands twice"; }
                _startsDiscontinuity = true;
                return null;
            case "#EXT-X-MAP":
                _map = AttributeList.TryParse(value, out AttributeList? attributes) ? attributes.Text("URI") : null;
                return string.IsNullOrEmpty(_map) ? "EXT-X-MAP without URI" : null;
            case "#EXT-X-PROGRAM-DATE-TIME":
                if (_programDateTime is not null) { return "EXT-X-PROGRAM-DATE-TIME stands twice"; }
                return ReadProgramDateTime(value);
            default:
                return null;
        }
    }

    private string? ReadProgramDateTime(ReadOnlySpan<char> value)
    {
        const DateTimeStyles Style = DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal;
        if (!DateTime.TryParseExact(value, ["yyyy-MM-ddTHH:mm:ss.fffK", "yyyy-MM-ddTHH:mm:ss.ffffffK"], CultureInfo.InvariantCulture, Style, out DateTime time))
        {
            return "not an ISO 8601 time with milliseconds";
        }
        _programDateTime = time;
        return null;
    }

    private string? ReadPart(ReadOnlySpan<char> value, ReadOnlySpan<char> line)
    {
        if (_duration is not null) { return "EXT-X-PART stands between EXTINF and its URI"; }
        if (!AttributeList.TryParse(value, out AttributeList? attributes)) { return "bad attribute list"; }
        if (attributes.Seconds("DURATION") is not { } duration || string.IsNullOrEmpty(attributes.Text("URI"))) { return "EXT-X-PART needs DURATION and URI"; }
        _parts.Add(new PartEntry(attributes.Text("URI")!, duration, attributes.IsYes("INDEPENDENT"), attributes.IsYes("GAP")) { Line = line.ToString() });
        return null;
    }

    private string? ReadTail(string tag, ReadOnlySpan<char> value)
    {
        if (!AttributeList.TryParse(value, out AttributeList? attributes)) { return "bad attribute list"; }
        if (attributes.Text("URI") is not { Length: > 0 } uri) { return "URI is missing"; }
        if (tag == "#EXT-X-PRELOAD-HINT")
        {
            if (attributes.Text("TYPE") != "PART") { return null; }
            if (_document.PreloadHintUri is not null) { return "EXT-X-PRELOAD-HINT of one TYPE stands twice"; }
            _document.PreloadHintUri = uri;
            return null;
        }
        if (attributes.Integer("LAST-MSN") is not { } msn || attributes.Integer("LAST-PART") is not (>= 0 and < int.MaxValue and { } part))
        {
            return "EXT-X-RENDITION-REPORT needs LAST-MSN and LAST-PART";
        }
        _document.ReportList.Add(new RenditionReport(uri, msn, (int)part));
        return null;
    }

    private string? ReadUri(ReadOnlySpan<char> line)
    {
        if (_document.IsEnded) { return "a URI follows EXT-X-ENDLIST"; }
        if (_duration is not { } duration) { return "a URI without EXTINF"; }
        _document.SegmentList.Add(TakeSegment(line.ToString(), duration));
        return null;
    }

    private SegmentEntry TakeSegment(string uri, decimal duration)
    {
        var segment = new SegmentEntry(_document.MediaSequence + _document.SkippedSegments + _document.SegmentList.Count, uri, duration, _map,
            _programDateTime, _startsDiscontinuity, _isGap, _parts)
        {
            Lines = [.. _mapLine is null ? [] : new[] { _mapLine }, .. _lines, .. uri.Length == 0 ? [] : new[] { uri }],
        };
        _parts = [];
        _lines = [];
        _duration = null;
        _programDateTime = null;
        _startsDiscontinuity = false;
        _isGap = false;
        return segment;
    }

    private string? Finish()
    {
        if (_document.TargetDuration == 0) { return "EXT-X-TARGETDURATION is missing"; }
        if (_duration is not null) { return "EXTINF without a URI"; }
        if (_document.IsEnded && _document.PreloadHintUri is not null) { return "EXT-X-PRELOAD-HINT beside EXT-X-ENDLIST"; }
        if (_parts.Count > 0) { _document.OpenSegment = TakeSegment("", 0); }
        return null;
    }
}
