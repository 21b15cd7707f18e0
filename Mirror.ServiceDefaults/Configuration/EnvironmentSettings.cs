using System.Text.RegularExpressions;

namespace Mirror.ServiceDefaults.Configuration;

/// <summary>Settings in <c>MIRROR_SECTION_KEY</c> variables. Keys contain underscores themselves, so a key leads to its variable and not the other way.</summary>
/// <param name="variables">The process's environment.</param>
internal sealed partial class EnvironmentSettings(IReadOnlyDictionary<string, string> variables)
{
    private const string Prefix = "MIRROR_";

    /// <summary>Names a further configuration file.</summary>
    public const string ConfigurationFile = "MIRROR_CONFIG";

    /// <summary>Variables that are no settings: the file, the build profile, and those of tests.</summary>
    private static readonly string[] Reserved = [ConfigurationFile, "MIRROR_ASPIRE", "MIRROR_TEST_"];

    public string? FileName => variables.GetValueOrDefault(ConfigurationFile) is { Length: > 0 } file ? file : null;

    public static string NameOf(string key) => Prefix + key.Replace('.', '_').ToUpperInvariant();

    public SettingValue? Find(string key)
        => variables.TryGetValue(NameOf(key), out string? text) ? new SettingValue(text, NameOf(key)) : null;

    /// <summary>Variables with Mirror's prefix that belong to none of the keys.</summary>
    public IEnumerable<string> Unknown(IEnumerable<string> knownKeys)
    {
        HashSet<string> known = [.. knownKeys.Select(NameOf)];
        return variables.Where(variable => variable.Key.StartsWith(Prefix, StringComparison.Ordinal) && !known.Contains(variable.Key)
                && !Reserved.Any(reserved => variable.Key.StartsWith(reserved, StringComparison.Ordinal))
                && !IsServiceLink(variable.Key, variable.Value))
            .Select(variable => variable.Key).Order(StringComparer.Ordinal);
    }

    /// <summary>Kubernetes sets such variables in every container beside a Service whose name starts with "mirror".</summary>
    private static bool IsServiceLink(string name, string value)
        => ServiceLinkName().IsMatch(name) || (name.EndsWith("_PORT", StringComparison.Ordinal) && ServiceLinkValue().IsMatch(value));

    [GeneratedRegex("_SERVICE_(HOST|PORT(_[A-Z0-9_]+)?)$|_PORT_[0-9]+_(TCP|UDP)(_(PROTO|PORT|ADDR))?$", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex ServiceLinkName();

    [GeneratedRegex("^(tcp|udp)://", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex ServiceLinkValue();
}
