using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Mirror.Media.Playlists;

/// <summary>The attribute list of one tag (draft-pantos-hls-rfc8216bis §4.2): <c>NAME=VALUE,NAME="quoted, value"</c>.</summary>
internal sealed class AttributeList
{
    private const int MostAttributes = 64;       // EXT-X-DATERANGE with client attributes stays far below
    private static readonly SearchValues<char> NameCharacters = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-");
    private readonly Dictionary<string, string> _values = new(StringComparer.Ordinal);

    /// <summary>False on bad syntax or a repeated name. Quotes are taken off.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, [NotNullWhen(true)] out AttributeList? list)
    {
        list = null;
        var parsed = new AttributeList();
        while (!text.IsEmpty)
        {
            int equals = text.IndexOf('=');
            if (equals <= 0 || !IsName(text[..equals]) || parsed._values.Count == MostAttributes) { return false; }
            string name = text[..equals].ToString();
            text = text[(equals + 1)..];
            bool quoted = !text.IsEmpty && text[0] == '"';
            int length = quoted ? text[1..].IndexOf('"') : text.IndexOf(',');
            if (length < 0 && quoted) { return false; }
            if (length < 0) { length = text.Length; }
            ReadOnlySpan<char> value = text.Slice(quoted ? 1 : 0, length);
            text = text[(length + (quoted ? 2 : 0))..];
            if ((!quoted && (value.IsEmpty || value.ContainsAny('"', ' '))) || !parsed._values.TryAdd(name, value.ToString())) { return false; }
            if (text.IsEmpty) { break; }
            if (text[0] != ',' || text.Length == 1) { return false; }
            text = text[1..];
        }
        list = parsed;
        return parsed._values.Count > 0;
    }

    public string? Text(string name) => _values.GetValueOrDefault(name);

    public bool IsYes(string name) => Text(name) == "YES";

    public decimal? Seconds(string name) => TryParseSeconds(Text(name), out decimal value) ? value : null;

    public long? Integer(string name)
        => long.TryParse(Text(name), NumberStyles.None, CultureInfo.InvariantCulture, out long value) ? value : null;

    internal static bool TryParseSeconds(ReadOnlySpan<char> text, out decimal value)
        => decimal.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out value);

    private static bool IsName(ReadOnlySpan<char> name) => !name.ContainsAnyExcept(NameCharacters);
}
