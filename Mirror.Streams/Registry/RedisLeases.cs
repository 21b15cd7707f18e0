using System.Globalization;
using Mirror.Streams.Shared;
using StackExchange.Redis;

namespace Mirror.Streams.Registry;

/// <summary>Leases in Redis: a key with a time to live for each, and beside it the last fence.</summary>
/// <remarks>
/// A name is taken in a transaction, but renewed without one, since transactions hold up everything on their connection. The key is looked at
/// before it is extended (Garnet 2.2 answers garbage to PEXPIRE of a key that ran out) and after: one that another took in between
/// lasts a little longer then, which does no harm.
/// </remarks>
public sealed class RedisLeases : ILeases
{
    private const int MostAttempts = 8;                                          // each lost to a change between reading and writing
    private static readonly TimeSpan FenceLifetime = TimeSpan.FromDays(7);       // later the clock alone is ahead of any fence
    private readonly RedisConnection _redis;
    private readonly RedisNames _names;
    private readonly TimeProvider _time;

    /// <param name="redis">Where the leases are.</param>
    /// <param name="prefix">What the names of their keys begin with (<see cref="SharedOptions.Prefix"/>).</param>
    /// <param name="time">The clock that fences come from.</param>
    public RedisLeases(RedisConnection redis, string prefix, TimeProvider time)
    {
        _redis = redis;
        _names = new RedisNames(prefix);
        _time = time;
    }

    /// <inheritdoc/>
    /// <exception cref="SharedStateException">Redis is away; a lease taken all the same is free again after <paramref name="duration"/>.</exception>
    public async ValueTask<Lease?> TryAcquireAsync(string name, string owner, TimeSpan duration, CancellationToken cancellationToken)
    {
        (RedisValue held, RedisValue last) = await ReadAsync(name, cancellationToken);
        if (held.HasValue) { return null; }
        long fence = Math.Max(FenceOf(last) + 1, _time.GetUtcNow().ToUnixTimeMilliseconds());
        var lease = new Lease(name, owner, fence, duration);
        return await TryWriteAsync(lease, last, cancellationToken) ? lease : null;
    }

    /// <inheritdoc/>
    /// <exception cref="SharedStateException">Redis is away: nobody knows whether the lease was renewed.</exception>
    public async ValueTask<bool> RenewAsync(Lease lease, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(lease);
        for (int attempt = 0; attempt < MostAttempts; attempt++)
        {
            RedisValue held = await _redis.RunAsync(database => database.StringGetAsync(_names.Lease(lease.Name)), cancellationToken);
            if (held.HasValue && held != ValueOf(lease)) { return false; }
            if (held.HasValue) { held = await ExtendAsync(lease, cancellationToken); }
            if (held.HasValue) { return held == ValueOf(lease); }
            // It ran out, or Redis was emptied. It is still ours if nobody took the name since.
            (held, RedisValue last) = await ReadAsync(lease.Name, cancellationToken);
            if (FenceOf(last) > lease.Fence) { return false; }
            if (!held.HasValue && await TryWriteAsync(lease, last, cancellationToken)) { return true; }
        }
        return false;
    }

    /// <inheritdoc/>
    /// <exception cref="SharedStateException">Redis is away; the lease runs out by itself.</exception>
    public async ValueTask ReleaseAsync(Lease lease, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(lease);
        await _redis.RunAsync(database =>
        {
            ITransaction release = database.CreateTransaction();
            release.AddCondition(Condition.StringEqual(_names.Lease(lease.Name), ValueOf(lease)));
            _ = release.KeyDeleteAsync(_names.Lease(lease.Name));
            return release.ExecuteAsync();
        }, cancellationToken);
    }

    /// <inheritdoc/>
    /// <exception cref="SharedStateException">Redis is away.</exception>
    public async ValueTask<Lease?> FindAsync(string name, CancellationToken cancellationToken)
        => TryParse(name, await _redis.RunAsync(database => database.StringGetAsync(_names.Lease(name)), cancellationToken));

    /// <summary>What a lease's key holds: <c>fence:milliseconds:owner</c>.</summary>
    internal static string ValueOf(Lease lease)
        => string.Create(CultureInfo.InvariantCulture, $"{lease.Fence}:{(long)lease.Duration.TotalMilliseconds}:{lease.Owner}");

    /// <summary>Reads what <see cref="ValueOf"/> wrote; <see langword="null"/> for anything else.</summary>
    internal static Lease? TryParse(string name, string? value)
    {
        string[] parts = value?.Split(':', 3) ?? [];
        return parts.Length == 3
            && long.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out long fence)
            && long.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out long milliseconds)
            && milliseconds <= (long)TimeSpan.MaxValue.TotalMilliseconds
            ? new Lease(name, parts[2], fence, TimeSpan.FromMilliseconds(milliseconds))
            : null;
    }

    private Task<RedisValue> ExtendAsync(Lease lease, CancellationToken cancellationToken) => _redis.RunAsync(database =>
    {
        _ = database.KeyExpireAsync(_names.Lease(lease.Name), lease.Duration);
        return database.StringGetAsync(_names.Lease(lease.Name));
    }, cancellationToken);

    private Task<(RedisValue Held, RedisValue Last)> ReadAsync(string name, CancellationToken cancellationToken) => _redis.RunAsync(async database =>
    {
        Task<RedisValue> held = database.StringGetAsync(_names.Lease(name));
        Task<RedisValue> last = database.StringGetAsync(_names.Fence(name));
        return (await held, await last);
    }, cancellationToken);

    /// <summary>Writes a lease if none is in force, and the last fence is still <paramref name="last"/>.</summary>
    private Task<bool> TryWriteAsync(Lease lease, RedisValue last, CancellationToken cancellationToken) => _redis.RunAsync(database =>
    {
        RedisKey fence = _names.Fence(lease.Name);
        ITransaction write = database.CreateTransaction();
        write.AddCondition(Condition.KeyNotExists(_names.Lease(lease.Name)));
        write.AddCondition(last.HasValue ? Condition.StringEqual(fence, last) : Condition.KeyNotExists(fence));
        _ = write.StringSetAsync(_names.Lease(lease.Name), ValueOf(lease), lease.Duration);
        _ = write.StringSetAsync(fence, lease.Fence, FenceLifetime);
        return write.ExecuteAsync();
    }, cancellationToken);

    private static long FenceOf(RedisValue value) => long.TryParse((string?)value, NumberStyles.None, CultureInfo.InvariantCulture, out long fence) ? fence : 0;
}
