using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Reflection;
using System.Text.Json;
using Mirror.Streams.Configuration;

namespace Mirror.ServiceDefaults.Configuration;

/// <summary>Settings between their written form and their type, and what is allowed in words.</summary>
internal static class SettingText
{
    private static readonly (string Unit, double Milliseconds)[] DurationUnits =
        [("us", 0.001), ("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];

    /// <summary>Whether a property of this type is one setting, rather than a section of its own.</summary>
    public static bool IsScalar(Type type)
        => type.IsEnum || type == typeof(string) || type == typeof(bool) || type == typeof(int) || type == typeof(long)
            || type == typeof(double) || type == typeof(TimeSpan) || type == typeof(ByteSize) || type == typeof(Bitrate);

    public static string SnakeCase(string name) => JsonNamingPolicy.SnakeCaseLower.ConvertName(name);

    /// <summary>Reads a value; <see langword="null"/> when it does not have the type's form.</summary>
    public static object? Parse(Type type, string text)
    {
        const NumberStyles Whole = NumberStyles.AllowLeadingSign;
        const NumberStyles Decimal = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint;
        return type switch
        {
            _ when type == typeof(string) => text,
            _ when type == typeof(bool) => bool.TryParse(text, out bool flag) ? flag : null,
            _ when type == typeof(int) => int.TryParse(text, Whole, CultureInfo.InvariantCulture, out int number) ? number : null,
            _ when type == typeof(long) => long.TryParse(text, Whole, CultureInfo.InvariantCulture, out long number) ? number : null,
            _ when type == typeof(double) => double.TryParse(text, Decimal, CultureInfo.InvariantCulture, out double number) ? number : null,
            _ when type == typeof(TimeSpan) => (object?)ParseDuration(text),
            _ when type == typeof(ByteSize) => ByteSize.TryParse(text, null, out ByteSize size) ? size : null,
            _ when type == typeof(Bitrate) => Bitrate.TryParse(text, null, out Bitrate rate) ? rate : null,
            _ when type.IsEnum => Enum.GetNames(type).FirstOrDefault(name => SnakeCase(name) == text) is { } name ? Enum.Parse(type, name) : null,
            _ => throw new NotSupportedException($"{type} is no type of a setting."),
        };
    }

    /// <summary>Writes a value as it would stand in the file.</summary>
    public static string Format(object? value) => value switch
    {
        null => "",
        bool flag => flag ? "true" : "false",
        Enum name => SnakeCase(name.ToString()),
        TimeSpan duration => FormatDuration(duration),
        _ => Convert.ToString(value, CultureInfo.InvariantCulture) ?? "",
    };

    /// <summary>Says what a setting may be: <c>allowed is a whole number from 0 to 65535</c>.</summary>
    public static string DescribeAllowed(PropertyInfo property)
    {
        if (property.GetCustomAttribute<AllowedValuesAttribute>() is { } listed) { return "allowed is " + Or(listed.Values.Select(Format)); }
        Type type = property.PropertyType;
        string kind = type switch
        {
            _ when type.IsEnum => Or(Enum.GetNames(type).Select(SnakeCase)),
            _ when type == typeof(bool) => "true or false",
            _ when type == typeof(int) || type == typeof(long) => "a whole number",
            _ when type == typeof(double) => "a number",
            _ when type == typeof(TimeSpan) => "a duration",
            _ when type == typeof(ByteSize) => "a size",
            _ when type == typeof(Bitrate) => "a rate",
            _ => "a text",
        };
        if (property.GetCustomAttribute<RangeAttribute>() is { } range)
        {
            return $"allowed is {kind} from {Bound(type, range.Minimum)} to {Bound(type, range.Maximum)}";
        }
        string example = type switch
        {
            _ when type == typeof(TimeSpan) => " such as 120ms or 5s",
            _ when type == typeof(ByteSize) => " such as 4MiB",
            _ when type == typeof(Bitrate) => " such as 50Mbps",
            _ => "",
        };
        return $"allowed is {kind}{example}";
    }

    private static string Bound(Type type, object bound)
        => bound is string text && type != typeof(string) ? Format(System.ComponentModel.TypeDescriptor.GetConverter(type).ConvertFromInvariantString(text)) : Format(bound);

    private static string Or(IEnumerable<string> words)
    {
        string[] all = [.. words];
        return all.Length == 1 ? all[0] : string.Join(", ", all[..^1]) + " or " + all[^1];
    }

    private static TimeSpan? ParseDuration(string text)
    {
        if (text == "0") { return TimeSpan.Zero; }
        // Longest unit first: "ms" ends in "s".
        foreach ((string unit, double milliseconds) in DurationUnits.OrderByDescending(unit => unit.Unit.Length))
        {
            if (!text.EndsWith(unit, StringComparison.Ordinal)) { continue; }
            return double.TryParse(text.AsSpan(0, text.Length - unit.Length).TrimEnd(), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double count)
                && count * milliseconds < TimeSpan.MaxValue.TotalMilliseconds
                ? TimeSpan.FromTicks((long)Math.Round(count * milliseconds * TimeSpan.TicksPerMillisecond))
                : null;
        }
        return null;
    }

    private static string FormatDuration(TimeSpan duration)
    {
        if (duration == TimeSpan.Zero) { return "0s"; }
        (string unit, double milliseconds) = DurationUnits.Last(unit => duration.TotalMilliseconds % unit.Milliseconds == 0 || unit.Unit == "us");
        return (duration.TotalMilliseconds / milliseconds).ToString(CultureInfo.InvariantCulture) + unit;
    }
}
