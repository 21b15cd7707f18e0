namespace Mirror.ServiceDefaults.Configuration;

/// <summary>Reads a file of its own with several entries of one kind, each under its name.</summary>
public static class MirrorOptionsFile
{
    /// <summary>Reads <c>section: {first: {…}, second: {…}}</c> and sections beside it, with the checks and the messages of Mirror's own configuration.</summary>
    /// <typeparam name="T">The options class of one entry; its defaults hold for what an entry leaves out.</typeparam>
    /// <param name="path">The YAML file.</param>
    /// <param name="section">The key at its top under which the entries stand.</param>
    /// <param name="others">Further keys at its top, each with the options that it sets.</param>
    /// <returns>The entries with their names, in the file's order.</returns>
    /// <exception cref="MirrorStartException">The file cannot be read, or something in it is not allowed: one line names the place and what is.</exception>
    public static IReadOnlyList<KeyValuePair<string, T>> LoadNamed<T>(string path, string section, params (string Section, object Options)[] others) where T : class, new()
    {
        ArgumentNullException.ThrowIfNull(path);
        string shownAs = Path.GetFileName(path);
        Dictionary<string, SettingValue> values = YamlSettings.Load(path, shownAs);
        string[] names = [.. values.Keys.Select(key => key.Split('.')).Where(parts => parts.Length > 1 && parts[0] == section).Select(parts => parts[1]).Distinct()];
        if (names.Length == 0) { throw ConfigurationError.Of($"{shownAs}: nothing stands under {section}:."); }
        var entries = new List<KeyValuePair<string, T>>();
        var known = new HashSet<string>(StringComparer.Ordinal);
        foreach (string name in names)
        {
            var options = new T();
            IReadOnlyList<BoundSetting> settings = OptionsBinder.Bind(options, $"{section}.{name}",
                key => values.TryGetValue(key, out SettingValue value) ? value : null, Path.GetDirectoryName(Path.GetFullPath(path))!);
            known.UnionWith(settings.Select(setting => setting.Key));
            entries.Add(new(name, options));
        }
        foreach ((string other, object options) in others)
        {
            IReadOnlyList<BoundSetting> settings = OptionsBinder.Bind(options, other, key => values.TryGetValue(key, out SettingValue value) ? value : null, Path.GetDirectoryName(Path.GetFullPath(path))!);
            known.UnionWith(settings.Select(setting => setting.Key));
        }
        foreach ((string key, SettingValue value) in values)
        {
            if (!known.Contains(key)) { throw ConfigurationError.UnknownKey(key, value.Origin, known); }
        }
        return entries;
    }
}
