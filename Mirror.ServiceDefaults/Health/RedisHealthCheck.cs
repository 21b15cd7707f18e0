using Microsoft.Extensions.Diagnostics.HealthChecks;
using Mirror.Streams.Shared;

namespace Mirror.ServiceDefaults.Health;

/// <summary>Degraded while Redis is away: viewers go on playing what is in memory, so the process must not be taken from them.</summary>
internal sealed class RedisHealthCheck(RedisConnection redis) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
        => Task.FromResult(redis.IsConnected ? HealthCheckResult.Healthy("connected") : HealthCheckResult.Degraded("away, trying on"));
}
