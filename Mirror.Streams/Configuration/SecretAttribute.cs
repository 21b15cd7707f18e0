namespace Mirror.Streams.Configuration;

/// <summary>Marks a setting whose value never appears in a log, an error or the printed configuration.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class SecretAttribute : Attribute;
