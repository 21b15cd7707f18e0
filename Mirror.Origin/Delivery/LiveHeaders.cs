using Microsoft.Extensions.Primitives;

namespace Mirror.Origin.Delivery;

/// <summary>Header values of live responses, made once.</summary>
internal static class LiveHeaders
{
    public static readonly StringValues PlaylistType = "application/vnd.apple.mpegurl";
    public static readonly StringValues VideoType = "video/mp4";
    public static readonly StringValues AudioType = "audio/mp4";
    public static readonly StringValues AcceptEncoding = "Accept-Encoding";
    public static readonly StringValues Gzip = "gzip";
    public static readonly StringValues Bytes = "bytes";
    public static readonly StringValues None = "none";

    /// <summary>Age of what is made for the request: true at the origin; caches on the way count up from it.</summary>
    public static readonly StringValues AgeZero = "0";

    /// <summary>Media never changes under its URL.</summary>
    public static readonly StringValues Immutable = "max-age=3600, immutable";

    public static readonly StringValues NoCache = "no-cache";
    public static readonly StringValues NoStore = "no-store";

    /// <summary>A late rendition shows up in the multivariant playlist within this second.</summary>
    public static readonly StringValues MultivariantMaxAge = "max-age=1";

    public static readonly StringValues RetryAfterOneSecond = "1";
    private static readonly StringValues[] MaxAges = [.. Enumerable.Range(0, 61).Select(seconds => new StringValues($"max-age={seconds}"))];

    /// <summary><c>max-age</c>, at most a minute.</summary>
    public static StringValues MaxAge(int seconds) => MaxAges[Math.Min(seconds, MaxAges.Length - 1)];

    /// <summary>Whether the client takes gzip (RFC 9110 §12.5.3).</summary>
    public static bool AcceptsGzip(StringValues acceptEncoding)
    {
        foreach (string? line in acceptEncoding)
        {
            ReadOnlySpan<char> rest = line;
            while (!rest.IsEmpty)
            {
                int comma = rest.IndexOf(',');
                ReadOnlySpan<char> item = (comma < 0 ? rest : rest[..comma]).Trim();
                rest = comma < 0 ? default : rest[(comma + 1)..];
                int semicolon = item.IndexOf(';');
                ReadOnlySpan<char> coding = (semicolon < 0 ? item : item[..semicolon]).TrimEnd();
                if (!coding.Equals("gzip", StringComparison.OrdinalIgnoreCase) && coding is not "*") { continue; }
                return semicolon < 0 || !IsZeroQuality(item[(semicolon + 1)..]);
            }
        }
        return false;
    }

    private static bool IsZeroQuality(ReadOnlySpan<char> parameters)
    {
        parameters = parameters.Trim();
        return parameters.StartsWith("q=0", StringComparison.OrdinalIgnoreCase) && !parameters[3..].ContainsAnyInRange('1', '9');
    }
}
