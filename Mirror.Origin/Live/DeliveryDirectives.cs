namespace Mirror.Origin.Live;

/// <summary>What <c>_HLS_skip</c> asks for.</summary>
internal enum SkipDirective
{
    None,
    Yes,

    /// <summary><c>v2</c>: EXT-X-DATERANGE tags may be skipped too. Answered like <see cref="Yes"/>, since CAN-SKIP-DATERANGES is not offered.</summary>
    V2,
}

/// <summary>The query parameters of a playlist request (draft-pantos-hls-rfc8216bis §6.2.5), in whatever order they stand.</summary>
/// <param name="Msn"><c>_HLS_msn</c>.</param>
/// <param name="Part"><c>_HLS_part</c>; never without <paramref name="Msn"/>.</param>
/// <param name="Skip"><c>_HLS_skip</c>.</param>
internal readonly record struct DeliveryDirectives(long? Msn, int? Part, SkipDirective Skip)
{
    private const int MostDigits = 18;      // any such number fits 64 bits

    /// <summary>Reads the query, with or without its question mark. Parameters of other names are somebody else's.</summary>
    /// <returns><see langword="false"/> for a number that is none, a directive given twice, or <c>_HLS_part</c> without <c>_HLS_msn</c>.</returns>
    public static bool TryParse(ReadOnlySpan<char> query, out DeliveryDirectives directives)
    {
        long? msn = null;
        int? part = null;
        var skip = SkipDirective.None;
        directives = default;
        if (!query.IsEmpty && query[0] == '?') { query = query[1..]; }
        while (!query.IsEmpty)
        {
            int end = query.IndexOf('&');
            ReadOnlySpan<char> pair = end < 0 ? query : query[..end];
            query = end < 0 ? default : query[(end + 1)..];
            if (!pair.StartsWith("_HLS_")) { continue; }
            if (pair.StartsWith("_HLS_msn="))
            {
                if (msn is not null || !TryParseNumber(pair["_HLS_msn=".Length..], out long value)) { return false; }
                msn = value;
            }
            else if (pair.StartsWith("_HLS_part="))
            {
                if (part is not null || !TryParseNumber(pair["_HLS_part=".Length..], out long value) || value > int.MaxValue) { return false; }
                part = (int)value;
            }
            else if (pair is "_HLS_msn" or "_HLS_part") { return false; }
            else if (pair is "_HLS_skip=YES") { skip = SkipDirective.Yes; }
            else if (pair is "_HLS_skip=v2") { skip = SkipDirective.V2; }
        }
        directives = new DeliveryDirectives(msn, part, skip);
        return part is null || msn is not null;
    }

    /// <summary>A decimal number of up to 18 digits.</summary>
    internal static bool TryParseNumber(ReadOnlySpan<char> text, out long value)
    {
        value = 0;
        if (text.IsEmpty || text.Length > MostDigits) { return false; }
        foreach (char c in text)
        {
            if (!char.IsAsciiDigit(c)) { return false; }
            value = value * 10 + (c - '0');
        }
        return true;
    }
}
