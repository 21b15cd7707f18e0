using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;

namespace Mirror.IngestNode.Srt;

/// <summary>Healthy while the SRT port is open, or SRT is switched off.</summary>
internal sealed class SrtHealthCheck(SrtListener listener, IOptions<SrtOptions> options) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
        => Task.FromResult(!options.Value.Enabled ? HealthCheckResult.Healthy("switched off")
            : listener.Port != 0 ? HealthCheckResult.Healthy($"listens on {listener.Port}/udp")
            : HealthCheckResult.Unhealthy("not listening"));
}
