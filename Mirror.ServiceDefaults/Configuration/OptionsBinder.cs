using System.ComponentModel.DataAnnotations;
using System.Reflection;
using Mirror.Streams.Configuration;

namespace Mirror.ServiceDefaults.Configuration;

/// <summary>Fills an options object from named settings and checks it. Keys are the properties' names in snake_case; a property of a class type is a section.</summary>
internal static class OptionsBinder
{
    /// <summary>Reads every setting of a section.</summary>
    /// <param name="target">The options object, holding its defaults.</param>
    /// <param name="section">The section's name: <c>ingestion.srt</c>.</param>
    /// <param name="find">Finds what the sources say about a key.</param>
    /// <param name="rootDirectory">Against which relative paths are made absolute.</param>
    /// <exception cref="MirrorStartException">A value is not allowed.</exception>
    public static IReadOnlyList<BoundSetting> Bind(object target, string section, Func<string, SettingValue?> find, string rootDirectory)
    {
        var settings = new List<BoundSetting>();
        Fill(target, section, find, rootDirectory, settings);
        foreach (BoundSetting setting in settings) { CheckAlone(setting); }
        foreach (object owner in settings.Select(setting => setting.Owner).Distinct()) { CheckTogether(owner, settings); }
        return settings;
    }

    private static void Fill(object target, string section, Func<string, SettingValue?> find, string rootDirectory, List<BoundSetting> settings)
    {
        foreach (PropertyInfo property in target.GetType().GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(property => property.CanWrite))
        {
            string key = section + "." + SettingText.SnakeCase(property.Name);
            if (!SettingText.IsScalar(property.PropertyType))
            {
                object child = property.GetValue(target) ?? throw new InvalidOperationException($"{key} has no default.");
                Fill(child, key, find, rootDirectory, settings);
                continue;
            }
            var setting = new BoundSetting(key, target, property, find(key));
            settings.Add(setting);
            if (setting.Written is { } written)
            {
                property.SetValue(target, SettingText.Parse(property.PropertyType, written.Text)
                    ?? throw ConfigurationError.BadValue(setting, SettingText.DescribeAllowed(property)));
            }
            if (property.IsDefined(typeof(FilePathAttribute)) && setting.Value is string { Length: > 0 } path)
            {
                property.SetValue(target, Path.GetFullPath(path, rootDirectory));
            }
        }
    }

    private static void CheckAlone(BoundSetting setting)
    {
        var context = new ValidationContext(setting.Owner) { MemberName = setting.Property.Name, DisplayName = setting.Key };
        foreach (ValidationAttribute rule in setting.Property.GetCustomAttributes<ValidationAttribute>())
        {
            if (rule.GetValidationResult(setting.Value, context) is not { } broken) { continue; }
            throw ConfigurationError.BadValue(setting, rule is RangeAttribute or AllowedValuesAttribute
                ? SettingText.DescribeAllowed(setting.Property)
                : (broken.ErrorMessage ?? rule.FormatErrorMessage(setting.Key)).TrimEnd('.'));
        }
    }

    private static void CheckTogether(object owner, List<BoundSetting> settings)
    {
        if (owner is not IValidatableObject validatable) { return; }
        foreach (ValidationResult broken in validatable.Validate(new ValidationContext(owner)))
        {
            string? member = broken.MemberNames.FirstOrDefault();
            BoundSetting setting = settings.First(setting => setting.Owner == owner && (member is null || setting.Property.Name == member));
            throw ConfigurationError.BadValue(setting, (broken.ErrorMessage ?? "not allowed").TrimEnd('.'));
        }
    }
}
