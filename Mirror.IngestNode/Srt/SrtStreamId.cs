using Mirror.Streams;

namespace Mirror.IngestNode.Srt;

/// <summary>What a caller asks for in its stream ID: <c>NAME</c>, or the <c>#!::</c> form of the SRT access-control guidelines.</summary>
/// <param name="Resource">The stream's name.</param>
/// <param name="User">The user of <c>u=</c>, or <see langword="null"/>.</param>
/// <param name="Key">The publish key of <c>s=</c>, or <see langword="null"/>. A secret: never logged.</param>
internal sealed record SrtStreamId(string Resource, string? User, string? Key)
{
    /// <summary>Longest stream ID that SRT carries.</summary>
    public const int LongestBytes = 512;

    private const string StructuredPrefix = "#!::";

    /// <summary>Reads a caller's stream ID.</summary>
    /// <returns><see langword="null"/> and the reason when it is not one that may publish.</returns>
    public static SrtStreamId? Parse(ReadOnlySpan<char> text, out SrtRejection rejection, out string reason)
    {
        rejection = SrtRejection.BadRequest;
        reason = "";
        if (text.StartsWith("#!:{", StringComparison.Ordinal))
        {
            reason = "the nested form of stream ID (#!:{…}) is not supported; use NAME or #!::r=NAME,m=publish";
            return null;
        }
        SrtStreamId? id = text.StartsWith(StructuredPrefix, StringComparison.Ordinal)
            ? ParseStructured(text[StructuredPrefix.Length..], out rejection, out reason)
            : new SrtStreamId(text.ToString(), null, null);
        if (id is null) { return null; }
        if (StreamId.IsValid(id.Resource)) { return id; }
        reason = id.Resource.Length == 0 ? "no stream ID was given: publish with ?streamid=NAME" : $"a stream name is {StreamId.Rule}";
        return null;
    }

    private static SrtStreamId? ParseStructured(ReadOnlySpan<char> fields, out SrtRejection rejection, out string reason)
    {
        string resource = "";
        string? user = null;
        string? key = null;
        rejection = SrtRejection.BadRequest;
        reason = "";
        foreach (Range range in fields.Split(','))
        {
            ReadOnlySpan<char> field = fields[range];
            int equals = field.IndexOf('=');
            if (equals <= 0)
            {
                reason = "a field of the stream ID is not key=value";
                return null;
            }
            ReadOnlySpan<char> value = field[(equals + 1)..];
            switch (field[..equals])
            {
                case "r": resource = value.ToString(); break;
                case "u": user = value.ToString(); break;
                case "s": key = value.ToString(); break;
                case "m" when value is not "publish":
                    rejection = SrtRejection.BadMode;
                    reason = $"mode '{value}' is not served here: only m=publish";
                    return null;
                case "t" when value is not "stream":
                    rejection = SrtRejection.BadMode;
                    reason = $"type '{value}' is not served here: only t=stream";
                    return null;
            }   // other keys are the encoder's own (h=, custom names) and mean nothing to Mirror
        }
        return new SrtStreamId(resource, user, key);
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
