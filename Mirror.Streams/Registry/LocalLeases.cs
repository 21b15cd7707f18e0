namespace Mirror.Streams.Registry;

/// <summary>The leases of a single process.</summary>
public sealed class LocalLeases(TimeProvider time) : ILeases
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Held> _leases = new(StringComparer.Ordinal);
    private long _lastFence;

    /// <inheritdoc/>
    public ValueTask<Lease?> TryAcquireAsync(string name, string owner, TimeSpan duration, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (InForce(name) is not null) { return default; }
            _lastFence = Math.Max(_lastFence + 1, time.GetUtcNow().ToUnixTimeMilliseconds());
            var lease = new Lease(name, owner, _lastFence, duration);
            _leases[name] = new Held(lease, time.GetTimestamp());
            return ValueTask.FromResult<Lease?>(lease);
        }
    }

    /// <inheritdoc/>
    public ValueTask<bool> RenewAsync(Lease lease, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(lease);
        lock (_lock)
        {
            if (_leases.TryGetValue(lease.Name, out Held last) && last.Lease != lease) { return ValueTask.FromResult(false); }
            _leases[lease.Name] = new Held(lease, time.GetTimestamp());
            return ValueTask.FromResult(true);
        }
    }

    /// <inheritdoc/>
    public ValueTask ReleaseAsync(Lease lease, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(lease);
        lock (_lock)
        {
            if (InForce(lease.Name) == lease) { _leases.Remove(lease.Name); }
        }
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask<Lease?> FindAsync(string name, CancellationToken cancellationToken)
    {
        lock (_lock) { return ValueTask.FromResult(InForce(name)); }
    }

    private Lease? InForce(string name)
        => _leases.TryGetValue(name, out Held held) && time.GetElapsedTime(held.RenewedAt) < held.Lease.Duration ? held.Lease : null;

    private readonly record struct Held(Lease Lease, long RenewedAt);
}
