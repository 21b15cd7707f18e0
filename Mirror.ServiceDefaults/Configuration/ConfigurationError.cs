namespace Mirror.ServiceDefaults.Configuration;

/// <summary>The one-line messages for configuration that cannot be used.</summary>
internal static class ConfigurationError
{
    private const int FurthestSuggestion = 3;   // edits between what was written and a key that may be meant

    public static MirrorStartException Of(string message) => new(message) { ExitCode = MirrorStartException.ConfigurationWrong };

    public static MirrorStartException BadValue(BoundSetting setting, string allowed)
        => Of($"{setting.Key} = {setting.Shown}{From(setting.Origin)}: {allowed}.");

    public static MirrorStartException UnknownKey(string key, string origin, IReadOnlyCollection<string> knownKeys)
    {
        string? nearest = knownKeys.MinBy(known => EditDistance(known, key));
        string allowed = nearest is not null && EditDistance(nearest, key) <= FurthestSuggestion
            ? $"Did you mean {nearest}?"
            : "Allowed: " + string.Join(", ", ChildrenOfNearestSection(key, knownKeys)) + ".";
        return Of($"{key}{From(origin)}: unknown key. {allowed}");
    }

    private static string From(string? origin) => origin is null ? "" : $" (from {origin})";

    /// <summary>What stands in the section that the key names, as far as the section is known.</summary>
    private static IEnumerable<string> ChildrenOfNearestSection(string key, IReadOnlyCollection<string> knownKeys)
    {
        string section = key;
        do
        {
            int dot = section.LastIndexOf('.');
            section = dot < 0 ? "" : section[..dot];
        }
        while (section.Length > 0 && !knownKeys.Any(known => known.StartsWith(section + ".", StringComparison.Ordinal)));
        string prefix = section.Length == 0 ? "" : section + ".";
        return knownKeys.Where(known => known.StartsWith(prefix, StringComparison.Ordinal))
            .Select(known => prefix + known[prefix.Length..].Split('.')[0]).Distinct().Order(StringComparer.Ordinal);
    }

    /// <summary>Levenshtein's distance.</summary>
    private static int EditDistance(string a, string b)
    {
        int[] row = [.. Enumerable.Range(0, b.Length + 1)];
        for (int i = 1; i <= a.Length; i++)
        {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.Length; j++)
            {
                int substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(substituted, 1 + Math.Min(row[j], row[j - 1]));
            }
        }
        return row[b.Length];
    }
}
