using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Mirror.ServiceDefaults.Configuration;

/// <summary>Reads a YAML file of nested sections into flat keys: <c>ingestion: {srt: {port: 1}}</c> is <c>ingestion.srt.port</c>.</summary>
internal static class YamlSettings
{
    private const int DeepestSection = 8;   // twice what Mirror has; a file of aliases must not nest for ever

    /// <exception cref="MirrorStartException">The file cannot be read, or is no YAML of sections.</exception>
    public static Dictionary<string, SettingValue> Load(string path, string shownAs)
    {
        try
        {
            using StreamReader text = File.OpenText(path);
            return Parse(text, shownAs);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw ConfigurationError.Of($"{shownAs}: cannot be read: {error.Message}");
        }
    }

    public static Dictionary<string, SettingValue> Parse(TextReader text, string shownAs)
    {
        var values = new Dictionary<string, SettingValue>(StringComparer.Ordinal);
        var yaml = new YamlStream();
        try
        {
            yaml.Load(text);
        }
        catch (YamlException error)
        {
            throw ConfigurationError.Of($"{shownAs} line {error.Start.Line}: {error.Message.ReplaceLineEndings(" ")}");
        }
        foreach (YamlDocument document in yaml.Documents) { Flatten(document.RootNode, "", 0, shownAs, values); }
        return values;
    }

    private static void Flatten(YamlNode node, string key, int depth, string shownAs, Dictionary<string, SettingValue> values)
    {
        string origin = $"{shownAs} line {node.Start.Line}";
        switch (node)
        {
            case YamlScalarNode scalar when key.Length > 0:
                values[key] = new SettingValue(IsNull(scalar) ? "" : scalar.Value!, origin);
                break;
            case YamlScalarNode scalar when IsNull(scalar):   // an empty file
                break;
            case YamlMappingNode mapping when depth < DeepestSection:
                foreach ((YamlNode name, YamlNode child) in mapping.Children)
                {
                    Flatten(child, key.Length == 0 ? $"{name}" : $"{key}.{name}", depth + 1, shownAs, values);
                }
                break;
            default:
                throw ConfigurationError.Of($"{(key.Length == 0 ? "configuration" : key)} (from {origin}): allowed are sections of keys with one value each.");
        }
    }

    private static bool IsNull(YamlScalarNode scalar)
        => scalar.Value is null || (scalar.Style == ScalarStyle.Plain && scalar.Value is "" or "~" or "null");
}
