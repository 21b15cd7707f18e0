using System.Reflection;
using Mirror.Streams.Configuration;

namespace Mirror.ServiceDefaults.Configuration;

/// <summary>One setting of an options object that was read.</summary>
/// <param name="Key">Its full name: <c>ingestion.srt.port</c>.</param>
/// <param name="Owner">The options object.</param>
/// <param name="Property">The property of <paramref name="Owner"/>.</param>
/// <param name="Written">What the sources say, where one does.</param>
internal sealed record BoundSetting(string Key, object Owner, PropertyInfo Property, SettingValue? Written)
{
    /// <summary>It is a secret that was given.</summary>
    public bool IsHidden => Property.IsDefined(typeof(SecretAttribute)) && (Written?.Text ?? SettingText.Format(Value)).Length > 0;

    public string? Origin => Written?.Origin;

    public object? Value => Property.GetValue(Owner);

    /// <summary>The value for people: as it was written, else the default; never a secret.</summary>
    public string Shown => Conceal(Written?.Text ?? SettingText.Format(Value));

    /// <summary>The value in force, in its shortest form; never a secret.</summary>
    public string InForce => Conceal(SettingText.Format(Value));

    private string Conceal(string text) => IsHidden ? "(hidden)" : text;
}
