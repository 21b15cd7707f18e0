namespace Mirror.ServiceDefaults.Configuration;

/// <summary>The folder that relative paths in the configuration start from.</summary>
internal static class MirrorRoot
{
    private const string ConfigurationFile = "configs/mirror.yaml";

    /// <summary>The working directory where it holds configs/mirror.yaml; else the program's folder or the source tree around it, likewise; else the working directory.</summary>
    public static string Find(string workingDirectory, string programDirectory)
    {
        if (HasConfiguration(workingDirectory)) { return workingDirectory; }
        for (DirectoryInfo? folder = new(programDirectory); folder is not null; folder = folder.Parent)
        {
            if (HasConfiguration(folder.FullName)) { return folder.FullName; }
            if (File.Exists(Path.Combine(folder.FullName, "Mirror.sln"))) { break; }   // never look beyond the source tree
        }
        return workingDirectory;
    }

    /// <summary>The configuration file of a root folder; <see langword="null"/> when there is none.</summary>
    public static string? ConfigurationFileIn(string root) => HasConfiguration(root) ? Path.Combine(root, ConfigurationFile) : null;

    private static bool HasConfiguration(string folder) => File.Exists(Path.Combine(folder, ConfigurationFile));
}
