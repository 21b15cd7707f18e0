using System.Runtime.InteropServices;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Mirror.ServiceDefaults.Http;

namespace Mirror.ServiceDefaults.Health;

/// <summary>How the process is: <c>/health</c> for people and dashboards, <c>/ready</c> for load balancers, <c>/live</c> for whoever restarts it, <c>/version</c>.</summary>
internal static class HealthEndpoints
{
    /// <summary>Tag of checks that ask another machine: a load balancer's probe does not wait for those, and they never make a process unready.</summary>
    public const string Remote = "remote";

    public static void MapHealth(this IEndpointRouteBuilder app)
    {
        app.MapGet("/health", GetHealthAsync);
        app.MapGet("/ready", GetReadyAsync);
        app.MapGet("/live", GetLive);
        app.MapGet("/version", GetVersion);
    }

    private static async Task<JsonHttpResult<HealthAnswer>> GetHealthAsync(HealthCheckService checks, CancellationToken cancellationToken)
        => Answer(await checks.CheckHealthAsync(cancellationToken), isAccepting: true);

    /// <summary>
    /// Ready is between start and stop with nothing of its own broken: while it drains, a process gets no new viewers. What it shares with others
    /// and only bridges, such as a store that hangs, takes no process from its viewers.
    /// </summary>
    private static async Task<JsonHttpResult<HealthAnswer>> GetReadyAsync(HealthCheckService checks, IHostApplicationLifetime lifetime, CancellationToken cancellationToken)
        => Answer(await checks.CheckHealthAsync(static check => !check.Tags.Contains(Remote), cancellationToken),
            lifetime.ApplicationStarted.IsCancellationRequested && !lifetime.ApplicationStopping.IsCancellationRequested);

    private static JsonHttpResult<HealthAnswer> GetLive()
        => TypedResults.Json(new HealthAnswer("healthy", [], DateTime.UtcNow), DefaultsJson.Default.HealthAnswer);

    private static JsonHttpResult<VersionAnswer> GetVersion(ProductVersion version, StartTime started)
        => TypedResults.Json(new VersionAnswer("Mirror", version.Number, version.Commit, RuntimeInformation.FrameworkDescription, started.Utc),
            DefaultsJson.Default.VersionAnswer);

    private static JsonHttpResult<HealthAnswer> Answer(HealthReport report, bool isAccepting)
    {
        bool healthy = report.Status != HealthStatus.Unhealthy && isAccepting;
        string status = healthy ? NameOf(report.Status) : NameOf(HealthStatus.Unhealthy);
        HealthCheckAnswer[] checks = [.. report.Entries.Select(entry => new HealthCheckAnswer(entry.Key, NameOf(entry.Value.Status), entry.Value.Description))];
        return TypedResults.Json(new HealthAnswer(status, checks, DateTime.UtcNow), DefaultsJson.Default.HealthAnswer,
            statusCode: healthy ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable);
    }

    private static string NameOf(HealthStatus status) => status switch
    {
        HealthStatus.Healthy => "healthy",
        HealthStatus.Degraded => "degraded",
        _ => "unhealthy",
    };
}
