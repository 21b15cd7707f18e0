using System.Text;
using Mirror.Streams;

namespace Mirror.IngestNode.Srt;

/// <summary>What a caller asks for in its stream ID: a plain name or path, or the <c>#!::</c> form of the SRT access-control guidelines.</summary>
/// <param name="Resource">The stream's name: legal by <see cref="StreamId.Rule"/>.</param>
/// <param name="User">The user of <c>u=</c>, or <see langword="null"/>.</param>
/// <param name="Key">The publish key of <c>s=</c>, or <see langword="null"/>. A secret: never logged.</param>
/// <remarks>Accepts what encoders send, not only what the guidelines say. What cannot be read in one way only is refused.</remarks>
internal sealed record SrtStreamId(string Resource, string? User, string? Key)
{
    /// <summary>Longest stream ID that SRT carries.</summary>
    public const int LongestBytes = 512;

    private const string StructuredPrefix = "#!::";
    private const string NestedPrefix = "#!:{";
    private const string PublishPrefix = "publish:";
    private const int MostEncodings = 2;                     // percent-encoded by the user, and once more by the encoder
    private static readonly string[] ReadPrefixes = ["read:", "request:", "play:"];

    /// <summary>Reads a caller's stream ID.</summary>
    /// <param name="text">The stream ID as received.</param>
    /// <param name="options">The default name and the rule for paths.</param>
    /// <param name="rejection">The code to refuse the caller with.</param>
    /// <param name="reason">Why, for the log; without secrets.</param>
    /// <returns><see langword="null"/> if the caller must be refused.</returns>
    /// <remarks>If the ID cannot be read as it is, it may be percent-encoded as a whole, so it is decoded and read again.</remarks>
    public static SrtStreamId? Parse(string text, SrtOptions options, out SrtRejection rejection, out string reason)
    {
        for (int decoded = 0; ; decoded++)
        {
            SrtStreamId? id = ParseOnce(text, options, out rejection, out reason);
            if (id is not null || decoded == MostEncodings) { return id; }
            string once = Uri.UnescapeDataString(text);
            if (once == text) { return null; }
            text = once;
        }
    }

    /// <summary>Reads a stream ID: 1. the fields, 2. the name among them, 3. the name in its path, 4. checks it.</summary>
    private static SrtStreamId? ParseOnce(string text, SrtOptions options, out SrtRejection rejection, out string reason)
    {
        (rejection, reason) = (SrtRejection.BadRequest, "");

        // 1.
        bool isStructured = text.StartsWith(StructuredPrefix, StringComparison.Ordinal);
        Dictionary<string, string>? fields = isStructured ? ReadFields(text.AsSpan(StructuredPrefix.Length)) : new(StringComparer.Ordinal) { ["r"] = text };
        if (fields is null || text.StartsWith(NestedPrefix, StringComparison.Ordinal))
        {
            reason = "the stream ID is not NAME or #!::r=NAME,m=publish";
            return null;
        }
        if (fields.TryGetValue("m", out string? mode) && mode is not "publish")
        {
            (rejection, reason) = (SrtRejection.BadMode, $"mode '{Shown(mode)}' is not supported: only m=publish");
            return null;
        }
        if (fields.TryGetValue("t", out string? type) && type is not "stream")
        {
            (rejection, reason) = (SrtRejection.BadMode, $"type '{Shown(type)}' is not supported: only t=stream");
            return null;
        }

        // 2. Blackmagic's encoders send their stream key as the user, without a resource.
        string? user = fields.GetValueOrDefault("u");
        string? key = fields.GetValueOrDefault("s");
        string path = Uri.UnescapeDataString(fields.GetValueOrDefault("r", "")).Trim();
        if (path.Length == 0) { path = Uri.UnescapeDataString(user ?? "").Trim(); }
        if (ReadPrefixes.Any(prefix => path.StartsWith(prefix, StringComparison.Ordinal)))
        {
            (rejection, reason) = (SrtRejection.BadMode, "reading over SRT is not supported: only publish:NAME");
            return null;
        }
        if (path.StartsWith(PublishPrefix, StringComparison.Ordinal))
        {
            // publish:NAME:USER:KEY, the form of other servers.
            string[] words = path.Split(':', 4);
            (path, user, key) = (words[1], words.ElementAtOrDefault(2) ?? user, words.ElementAtOrDefault(3) ?? key);
        }

        // 3.
        string? name = NameOf(path, options.PathNames, out reason);
        if (name is null) { return null; }
        if (name.Length == 0) { name = options.DefaultStream; }

        // 4.
        if (StreamId.IsValid(name)) { return new SrtStreamId(name, user, key); }
        reason = name.Length == 0
            ? "the stream ID has no name, and ingestion.srt.default_stream is not set: publish with streamid=NAME"
            : $"'{Shown(name)}' is not a stream name: allowed is {StreamId.Rule}";
        return null;
    }

    /// <summary>Reads <c>key=value</c> fields. The first of several with the same key counts.</summary>
    /// <returns><see langword="null"/> if the text does not begin with a field.</returns>
    /// <remarks>
    /// The guidelines have no escape for a comma, so encoders write a device's name as it is. A piece without a key therefore continues the value
    /// before it. Empty pieces come from commas at the end.
    /// </remarks>
    private static Dictionary<string, string>? ReadFields(ReadOnlySpan<char> text)
    {
        var fields = new Dictionary<string, string>(StringComparer.Ordinal);
        string? last = null;
        bool isFirst = false;
        foreach (Range range in text.Split(','))
        {
            ReadOnlySpan<char> piece = text[range].Trim();
            if (piece.IsEmpty) { continue; }
            int equals = piece.IndexOf('=');
            if (equals > 0 && IsKey(piece[..equals].TrimEnd()))
            {
                last = piece[..equals].TrimEnd().ToString();
                isFirst = fields.TryAdd(last, piece[(equals + 1)..].TrimStart().ToString());
                continue;
            }
            if (last is null) { return null; }
            if (isFirst && last is not ("m" or "t")) { fields[last] += $",{piece}"; }
        }
        return fields;
    }

    private static bool IsKey(ReadOnlySpan<char> text)
    {
        foreach (char c in text)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c != '_') { return false; }
        }
        return true;
    }

    /// <summary>Returns the stream's name in a path such as <c>live/NAME</c>, <c>/NAME</c> or <c>srt://host/live/NAME?key=…</c>.</summary>
    /// <returns>An empty name if there is none, or <see langword="null"/> and the reason if the path must be refused.</returns>
    private static string? NameOf(string path, SrtPathNames rule, out string reason)
    {
        reason = "";
        int query = path.IndexOf('?', StringComparison.Ordinal);
        if (query >= 0) { path = path[..query]; }
        int scheme = path.IndexOf("://", StringComparison.Ordinal);
        if (scheme > 0)
        {
            int slash = path.IndexOf('/', scheme + 3);
            path = slash < 0 ? "" : path[slash..];
        }
        string[] words = path.Split('/', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        if (words.Any(word => word is "." or ".."))
        {
            reason = "a path with '.' or '..' is not a stream name";
            return null;
        }
        if (words.Length > 1 && rule == SrtPathNames.Refused)
        {
            reason = "a path is not a stream name (ingestion.srt.path_names)";
            return null;
        }
        return rule == SrtPathNames.Joined ? string.Join('-', words) : words.LastOrDefault("");
    }

    /// <summary>Returns the text up to the first character that a name may not have: what follows it may be a secret.</summary>
    private static string Shown(string text)
    {
        const int Longest = 80;
        var shown = new StringBuilder();
        foreach (Rune rune in text.EnumerateRunes())
        {
            bool isPlain = Rune.IsLetterOrDigit(rune) || rune.Value is '-' or '_';
            shown.Append(isPlain || !Rune.IsControl(rune) ? rune.ToString() : "?");
            if (!isPlain || shown.Length >= Longest) { break; }
        }
        return shown.Length < text.Length ? $"{shown}…" : shown.ToString();
    }
}

/// <summary>Reject codes: 1000 + the HTTP status of the same meaning (SRT access-control guidelines), and two of the library's own.</summary>
internal enum SrtRejection
{
    WrongPassphrase = 10,
    PassphraseMismatch = 11,
    BadRequest = 1400,
    Overload = 1402,
    Forbidden = 1403,
    BadMode = 1405,
    Conflict = 1409,
    Down = 1503,
}
