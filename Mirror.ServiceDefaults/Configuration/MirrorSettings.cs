using System.Collections;
using System.Text;

namespace Mirror.ServiceDefaults.Configuration;

/// <summary>Everything that was configured, from the weakest source to the strongest: the file that comes with Mirror, the named files, the environment, the command line.</summary>
internal sealed class MirrorSettings
{
    private readonly List<Dictionary<string, SettingValue>> _files = [];   // the last one wins
    private readonly EnvironmentSettings _environment;
    private readonly CommandLine _commandLine;
    private readonly Dictionary<string, (object Options, IReadOnlyList<BoundSetting> Settings)> _sections = new(StringComparer.Ordinal);

    /// <exception cref="MirrorStartException">A source cannot be read.</exception>
    public MirrorSettings(IReadOnlyList<string> arguments, IReadOnlyDictionary<string, string> environment, string workingDirectory, string programDirectory)
    {
        _commandLine = CommandLine.Parse(arguments);
        _environment = new EnvironmentSettings(environment);
        RootDirectory = MirrorRoot.Find(workingDirectory, programDirectory);
        if (MirrorRoot.ConfigurationFileIn(RootDirectory) is { } file) { _files.Add(YamlSettings.Load(file, "configs/mirror.yaml")); }
        foreach (string? named in (string?[])[_environment.FileName, _commandLine.ConfigurationFile])
        {
            if (named is not null) { _files.Add(YamlSettings.Load(Path.GetFullPath(named, workingDirectory), named)); }
        }
    }

    public MirrorCommand Command => _commandLine.Command;

    /// <summary>The folder that relative paths start from.</summary>
    public string RootDirectory { get; }

    /// <summary>Every setting read so far, by section in the order of registration.</summary>
    public IEnumerable<BoundSetting> Settings => _sections.Values.SelectMany(section => section.Settings);

    /// <summary>From the sources of this process.</summary>
    public static MirrorSettings Load(IReadOnlyList<string> arguments)
        => new(arguments,
            Environment.GetEnvironmentVariables().Cast<DictionaryEntry>()
                .ToDictionary(entry => (string)entry.Key, entry => (string?)entry.Value ?? "", StringComparer.Ordinal),
            Environment.CurrentDirectory, AppContext.BaseDirectory);

    /// <summary>Reads and checks a section; the same object each time.</summary>
    /// <exception cref="MirrorStartException">A value is not allowed.</exception>
    public T Bind<T>(string section) where T : class, new()
    {
        if (_sections.TryGetValue(section, out (object Options, IReadOnlyList<BoundSetting>) known)) { return (T)known.Options; }
        var options = new T();
        _sections[section] = (options, OptionsBinder.Bind(options, section, Find, RootDirectory));
        return options;
    }

    /// <summary>What can be told once every service has read its sections: keys that nobody knows, ports that clash.</summary>
    /// <exception cref="MirrorStartException">There is one.</exception>
    public void ThrowIfInconsistent()
    {
        HashSet<string> known = [.. SettingReference.Entries.Select(entry => entry.Key), .. Settings.Select(setting => setting.Key)];
        foreach ((string key, SettingValue value) in _files.Append(_commandLine.Settings).SelectMany(source => source))
        {
            bool emptySection = value.Text.Length == 0 && known.Any(name => name.StartsWith(key + ".", StringComparison.Ordinal));
            if (!known.Contains(key) && !emptySection) { throw ConfigurationError.UnknownKey(key, value.Origin, known); }
        }
        if (_environment.Unknown(known).FirstOrDefault() is { } variable)
        {
            throw ConfigurationError.UnknownKey(variable, "the environment", [.. known.Select(EnvironmentSettings.NameOf)]);
        }
        PortClashes.ThrowIfAny(Settings);
    }

    /// <summary>The configuration in force as YAML, each value that is no default with its origin; secrets are hidden and commented out.</summary>
    public string Print()
    {
        var text = new StringBuilder();
        string[] open = [];
        foreach (BoundSetting setting in Settings)
        {
            string[] path = setting.Key.Split('.');
            int same = open.Zip(path[..^1]).TakeWhile(pair => pair.First == pair.Second).Count();
            for (int depth = same; depth < path.Length - 1; depth++) { text.Append(' ', 2 * depth).Append(path[depth]).Append(":\n"); }
            open = path[..^1];
            text.Append(' ', 2 * open.Length).Append(setting.IsHidden ? "# " : "").Append(path[^1]).Append(": ").Append(Quote(setting.InForce));
            if (setting.Origin is { } origin) { text.Append("   # ").Append(origin); }
            text.Append('\n');
        }
        return text.ToString();
    }

    private static string Quote(string value)
    {
        bool plain = value.Length > 0 && value.All(character => char.IsAsciiLetterOrDigit(character) || character is '_' or '.' or '/' or '-');
        return plain ? value : $"\"{value.Replace("\\", "\\\\").Replace("\"", "\\\"")}\"";
    }

    private SettingValue? Find(string key)
    {
        if (_commandLine.Settings.TryGetValue(key, out SettingValue value)) { return value; }
        if (_environment.Find(key) is { } fromEnvironment) { return fromEnvironment; }
        for (int i = _files.Count - 1; i >= 0; i--)
        {
            if (_files[i].TryGetValue(key, out value)) { return value; }
        }
        return null;
    }
}
