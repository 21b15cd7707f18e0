using System.Text.RegularExpressions;

namespace Mirror.ServiceDefaults.Configuration;

/// <summary>The configuration file that comes with Mirror, as the list of all keys of all services and what each means.</summary>
/// <remarks>A service that runs alone reads the same file as the others, so it must know their keys as well. The file is embedded for that.</remarks>
internal static partial class SettingReference
{
    private const string ResourceName = "mirror.yaml";

    /// <summary>Every key, in the file's order; a key that is commented out counts.</summary>
    public static IReadOnlyList<SettingReferenceEntry> Entries { get; } = Parse(ReadFile());

    private static string ReadFile()
    {
        using Stream file = typeof(SettingReference).Assembly.GetManifestResourceStream(ResourceName)!;
        using var reader = new StreamReader(file);
        return reader.ReadToEnd();
    }

    private static List<SettingReferenceEntry> Parse(string text)
    {
        var entries = new List<SettingReferenceEntry>();
        var sections = new List<string>();
        foreach (Match line in KeyLine().Matches(text))
        {
            int depth = line.Groups["indent"].Length / 2;
            sections.RemoveRange(depth, sections.Count - depth);
            string key = string.Join('.', sections.Append(line.Groups["name"].Value));
            if (line.Groups["value"].Length > 0) { entries.Add(new SettingReferenceEntry(key, line.Groups["value"].Value.Trim('"'), line.Groups["comment"].Value)); }
            else { sections.Add(line.Groups["name"].Value); }
        }
        return entries;
    }

    // "  # key: value   # comment": two spaces a level, the first # where the key is commented out. No time limit: the text is Mirror's own,
    // and on a machine that is far too busy a limit would end the start.
    [GeneratedRegex("""^(?<indent>(?:  )*)(?:# )?(?<name>[a-z0-9_]+):[ ]*(?<value>"[^"]*"|[^\s#"]+)?[ ]*(?:# (?<comment>[^\n]*))?$""",
        RegexOptions.Multiline | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: Timeout.Infinite)]
    private static partial Regex KeyLine();
}

/// <summary>One key of the configuration file.</summary>
/// <param name="Key">Its full name.</param>
/// <param name="Value">Its value there, which is the default.</param>
/// <param name="Comment">What it means, with unit and range.</param>
internal sealed record SettingReferenceEntry(string Key, string Value, string Comment);
