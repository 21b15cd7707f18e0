using System.Text.RegularExpressions;
using Mirror.Streams;
using Mirror.Streams.Events;

namespace Mirror.Functions.Hooks;

/// <summary>What a webhook may be, in words: for those that the API is given, and for those read back.</summary>
internal static partial class HookRules
{
    public const int LargestBatch = 100;
    public const int LongestDelayMs = 60_000;
    private const int LongestUrl = 2048;
    private const int ShortestSecret = 16;
    private const int LongestSecret = 256;
    private const int MostPatterns = 100;
    private const int MostMetadata = 32;
    private const int LongestMetadata = 512;
    private const int MostHeaders = 16;
    private const int LongestHeader = 2048;

    // Attributes of CloudEvents 1.0 itself, which no extension may replace.
    private static readonly HashSet<string> Attributes = new(StringComparer.Ordinal)
    {
        "id", "source", "specversion", "type", "datacontenttype", "dataschema", "subject", "time", "data",
    };

    // What Mirror or HTTP decides: the length, the connection, and by whom the request is.
    private static readonly string[] ReservedHeaders = ["host", "content-", "transfer-encoding", "connection", "keep-alive", "upgrade", "te", "trailer", "expect", "proxy-", "mirror-"];

    /// <summary>What is wrong with it, in a sentence; <see langword="null"/> if nothing is.</summary>
    public static string? FindFault(Hook hook, HooksOptions options)
        => FindFaultOfUrl(hook.Url, options) ?? FindFaultOfSecret(hook.Secret) ?? FindFaultOfEvents(hook.Events) ?? FindFaultOfStreams(hook.Streams)
            ?? FindFaultOfMetadata(hook.Metadata) ?? FindFaultOfHeaders(hook.Headers) ?? FindFaultOfBatch(hook);

    private static string? FindFaultOfUrl(string url, HooksOptions options)
    {
        if (url.Length > LongestUrl || !Uri.TryCreate(url, UriKind.Absolute, out Uri? address) || address.Scheme is not ("http" or "https") || address.Host.Length == 0)
        {
            return $"url is an address that starts with http:// or https://, of {LongestUrl} characters at most.";
        }
        if (address.UserInfo.Length > 0) { return "url holds no name and password: put them into headers, as Authorization."; }
        return options.AllowPrivate || !AddressGuard.IsPrivateHost(address) ? null : $"url leads to {address.Host}, which is private: hooks.allow_private forbids that.";
    }

    private static string? FindFaultOfSecret(string? secret)
        => secret is null || (secret.Length is >= ShortestSecret and <= LongestSecret && secret.All(char.IsAscii) && !secret.Any(char.IsControl))
            ? null
            : $"secret has {ShortestSecret} to {LongestSecret} printable ASCII characters.";

    private static string? FindFaultOfEvents(IReadOnlyList<string?> events)
    {
        if (events.Count > MostPatterns) { return $"events has {MostPatterns} entries at most."; }
        foreach (string? wanted in events)
        {
            bool isKnown = wanted is "*" || EventTypes.All.Contains(wanted) || (wanted is not null && wanted.EndsWith(".*", StringComparison.Ordinal) && EventTypes.All.Any(type => Hook.IsMatch(wanted, type)));
            if (!isKnown) { return $"events: there is no event '{wanted}'. There are {string.Join(", ", EventTypes.All)}; groups of them such as stream.*; and * for all."; }
        }
        return null;
    }

    private static string? FindFaultOfStreams(IReadOnlyList<string?> streams)
    {
        if (streams.Count > MostPatterns) { return $"streams has {MostPatterns} entries at most."; }
        string? wrong = streams.FirstOrDefault(wanted => wanted is not "*" && !StreamId.IsValid(wanted is not null && wanted.EndsWith('*') ? wanted[..^1] : wanted));
        return wrong is null && !streams.Contains(null) ? null : $"streams: '{wrong}' is neither a stream's name nor the beginning of one with * behind it. A name has {StreamId.Rule}.";
    }

    private static string? FindFaultOfMetadata(IReadOnlyDictionary<string, string> metadata)
    {
        if (metadata.Count > MostMetadata) { return $"metadata has {MostMetadata} entries at most."; }
        foreach ((string name, string? value) in metadata)
        {
            if (!AttributePattern().IsMatch(name) || Attributes.Contains(name))
            {
                return $"metadata: '{name}' is no name for an extension attribute of CloudEvents: 1 to 20 small letters and digits, and none of {string.Join(", ", Attributes.Order())}.";
            }
            if (value is null || value.Length > LongestMetadata || value.Any(char.IsControl) || HasHalfASurrogate(value)) { return $"metadata: {name} is a text of {LongestMetadata} printable characters at most."; }
        }
        return null;
    }

    private static string? FindFaultOfHeaders(IReadOnlyDictionary<string, string> headers)
    {
        if (headers.Count > MostHeaders) { return $"headers has {MostHeaders} entries at most."; }
        foreach ((string name, string? value) in headers)
        {
            if (!HeaderPattern().IsMatch(name) || Array.Exists(ReservedHeaders, reserved => reserved.EndsWith('-') ? name.StartsWith(reserved, StringComparison.OrdinalIgnoreCase) : name.Equals(reserved, StringComparison.OrdinalIgnoreCase)))
            {
                return $"headers: '{name}' is no header that may be given: Mirror and HTTP set Host, Content-*, Mirror-* and those of the connection themselves.";
            }
            if (value is null || value.Length > LongestHeader || value.Any(letter => letter is < ' ' or > '~')) { return $"headers: {name} has {LongestHeader} printable ASCII characters at most."; }
        }
        return null;
    }

    private static string? FindFaultOfBatch(Hook hook)
    {
        if (hook.MaxBatch is < 1 or > LargestBatch) { return $"max_batch is a whole number from 1 to {LargestBatch}."; }
        return hook.MaxDelayMs is >= 0 and <= LongestDelayMs ? null : $"max_delay_ms is a whole number of milliseconds from 0 to {LongestDelayMs}.";
    }

    private static bool HasHalfASurrogate(string text)
    {
        for (int i = 0; i < text.Length; i++)
        {
            if (!char.IsSurrogate(text[i])) { continue; }
            if (i + 1 == text.Length || !char.IsSurrogatePair(text[i], text[i + 1])) { return true; }
            i++;
        }
        return false;
    }

    // CloudEvents 1.0, §3.1: lower-case letters and digits, and 20 of them should be enough.
    [GeneratedRegex(@"\A[a-z0-9]{1,20}\z", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex AttributePattern();

    // RFC 9110, §5.6.2: a token.
    [GeneratedRegex(@"\A[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}\z", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex HeaderPattern();
}
