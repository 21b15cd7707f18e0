namespace Mirror.ServiceDefaults.Health;

/// <summary>Body of <c>/health</c>, <c>/ready</c> and <c>/live</c>.</summary>
/// <param name="Status"><c>healthy</c>, <c>degraded</c> or <c>unhealthy</c>.</param>
/// <param name="Checks">What was looked at.</param>
/// <param name="Time">When (UTC).</param>
internal sealed record HealthAnswer(string Status, IReadOnlyList<HealthCheckAnswer> Checks, DateTime Time);

/// <summary>One check.</summary>
/// <param name="Name">Its name: <c>srt</c>.</param>
/// <param name="Status"><c>healthy</c>, <c>degraded</c> or <c>unhealthy</c>.</param>
/// <param name="Message">Why, where it is not healthy.</param>
internal sealed record HealthCheckAnswer(string Name, string Status, string? Message);

/// <summary>Body of <c>/version</c>.</summary>
/// <param name="Name">The product.</param>
/// <param name="Version">Its version.</param>
/// <param name="Commit">The commit that it was built from, where known.</param>
/// <param name="Runtime">The .NET runtime.</param>
/// <param name="Started">When this process started (UTC).</param>
internal sealed record VersionAnswer(string Name, string Version, string? Commit, string Runtime, DateTime Started);
