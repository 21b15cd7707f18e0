using System.Reflection;

namespace Mirror.ServiceDefaults.Health;

/// <summary>Version and commit of this build.</summary>
internal sealed record ProductVersion(string Number, string? Commit)
{
    /// <summary>From the assembly: <c>0.1.0+3bbe935…</c>.</summary>
    public static ProductVersion Current { get; } = Parse(
        typeof(ProductVersion).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion);

    private static ProductVersion Parse(string informational)
    {
        string[] parts = informational.Split('+', 2);
        return new ProductVersion(parts[0], parts.Length > 1 ? parts[1] : null);
    }
}

/// <summary>When this process started.</summary>
/// <param name="Utc">The time (UTC).</param>
internal sealed record StartTime(DateTime Utc);
