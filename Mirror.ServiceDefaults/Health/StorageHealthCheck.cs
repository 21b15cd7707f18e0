using Microsoft.Extensions.Diagnostics.HealthChecks;
using Mirror.Streams.Store;

namespace Mirror.ServiceDefaults.Health;

/// <summary>Degraded while something cannot be written: viewers continue to play, so the process must not be taken from them.</summary>
internal sealed class StorageHealthCheck(StorageFaults faults) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        IReadOnlyList<(string Storage, string Reason)> current = faults.Current;
        return Task.FromResult(current.Count == 0 ? HealthCheckResult.Healthy("can be written")
            : HealthCheckResult.Degraded($"retrying: {string.Join("; ", current.Select(fault => $"{fault.Storage}: {fault.Reason}"))}"));
    }
}
