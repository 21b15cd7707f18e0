using System.Globalization;

namespace Mirror.Streams.Configuration;

/// <summary>A number followed by its unit, as configuration writes sizes and rates.</summary>
internal static class Quantity
{
    /// <summary>Reads <c>1.5GiB</c> or <c>1.5 GiB</c>; a number without a unit counts as it stands. The result is whole and not negative.</summary>
    public static bool TryParse(string? text, ReadOnlySpan<(string Unit, decimal Factor)> units, out long value)
    {
        value = 0;
        ReadOnlySpan<char> rest = text.AsSpan().Trim();
        decimal factor = 1;
        foreach ((string unit, decimal unitFactor) in units)
        {
            if (!rest.EndsWith(unit, StringComparison.OrdinalIgnoreCase)) { continue; }
            factor = unitFactor;
            rest = rest[..^unit.Length].TrimEnd();
            break;
        }
        // 15 digits with any factor above stay within a decimal.
        if (rest.Length > 15 || !decimal.TryParse(rest, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal number)) { return false; }
        decimal product = number * factor;
        if (product > long.MaxValue || product != decimal.Truncate(product)) { return false; }
        value = (long)product;
        return true;
    }
}
