namespace Mirror.EndToEnd;

/// <summary>The folder that the tests were built in.</summary>
internal static class Repository
{
    /// <summary>Where Mirror.sln is.</summary>
    public static string Root { get; } = Find(new DirectoryInfo(AppContext.BaseDirectory));

    private static string Find(DirectoryInfo folder) => File.Exists(Path.Combine(folder.FullName, "Mirror.sln")) ? folder.FullName : Find(folder.Parent!);
}
