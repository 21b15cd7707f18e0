namespace Mirror.Streams.Configuration;

/// <summary>Marks a setting that names a file or a folder: read from configuration, it is made absolute against Mirror's root folder.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class FilePathAttribute : Attribute;
