using Microsoft.Extensions.Diagnostics.HealthChecks;
using Mirror.Streams.Shared;

namespace Mirror.ServiceDefaults.Health;

/// <summary>Degraded while the blob storage does not answer: viewers go on playing what is in memory, so the process must not be taken from them.</summary>
internal sealed class BlobHealthCheck(BlobConnection blobs) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
        => await blobs.IsReachableAsync(cancellationToken) ? HealthCheckResult.Healthy("answers") : HealthCheckResult.Degraded("away, trying on");
}
