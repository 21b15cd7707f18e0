using Microsoft.Extensions.Primitives;
using Mirror.Origin.Live;

namespace Mirror.Origin.Delivery;

/// <summary>How a Range header applies to a resource.</summary>
internal enum RangeAnswer
{
    /// <summary>None, or one that may be ignored: several ranges, another unit, bad syntax.</summary>
    Whole,
    Partial,

    /// <summary>It starts past the end: 416.</summary>
    NotSatisfiable,
}

/// <summary>One byte range (RFC 9110 §14.2).</summary>
/// <param name="Offset">First byte.</param>
/// <param name="Length">Bytes.</param>
internal readonly record struct ByteRange(long Offset, long Length)
{
    public static RangeAnswer Parse(StringValues header, long length, out ByteRange range)
    {
        range = new ByteRange(0, length);
        if (header.Count != 1 || header[0] is not { } text || !text.StartsWith("bytes=", StringComparison.OrdinalIgnoreCase)) { return RangeAnswer.Whole; }
        ReadOnlySpan<char> spec = text.AsSpan("bytes=".Length).Trim();
        int dash = spec.IndexOf('-');
        if (dash < 0 || spec.Contains(',')) { return RangeAnswer.Whole; }
        ReadOnlySpan<char> first = spec[..dash];
        ReadOnlySpan<char> last = spec[(dash + 1)..];
        if (first.IsEmpty)
        {
            if (!DeliveryDirectives.TryParseNumber(last, out long suffix)) { return RangeAnswer.Whole; }
            suffix = Math.Min(suffix, length);
            range = new ByteRange(length - suffix, suffix);
            return suffix > 0 ? RangeAnswer.Partial : RangeAnswer.NotSatisfiable;
        }
        if (!DeliveryDirectives.TryParseNumber(first, out long start)) { return RangeAnswer.Whole; }
        long end = length - 1;
        if (!last.IsEmpty && !DeliveryDirectives.TryParseNumber(last, out end)) { return RangeAnswer.Whole; }
        if (end < start && !last.IsEmpty) { return RangeAnswer.Whole; }
        if (start >= length) { return RangeAnswer.NotSatisfiable; }
        range = new ByteRange(start, Math.Min(end, length - 1) - start + 1);
        return RangeAnswer.Partial;
    }
}
