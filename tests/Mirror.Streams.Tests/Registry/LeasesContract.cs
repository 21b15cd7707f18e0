using Mirror.Streams.Registry;
using Mirror.Streams.Tests.Servers;

namespace Mirror.Streams.Tests.Registry;

/// <summary>What every adapter of <see cref="ILeases"/> must do. Two nodes each have their own way to the same leases.</summary>
public abstract class LeasesContract : IAsyncLifetime
{
    private static readonly TimeSpan Long = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(300);
    private ILeases _a = null!;
    private ILeases _b = null!;

    public async ValueTask InitializeAsync() => (_a, _b) = await OpenAsync();

    public abstract ValueTask DisposeAsync();

    [Fact]
    public async Task One_holder_at_a_time_and_a_higher_fence_for_the_next()
    {
        Lease first = Assert.IsType<Lease>(await _a.TryAcquireAsync("role/x", "a", Long, default));
        Assert.Null(await _b.TryAcquireAsync("role/x", "b", Long, default));
        Assert.Null(await _a.TryAcquireAsync("role/x", "a", Long, default));
        Assert.Equal(first, await _b.FindAsync("role/x", default));
        Assert.NotNull(await _b.TryAcquireAsync("role/y", "b", Long, default));
        Assert.True(await _a.RenewAsync(first, default));
        await _a.ReleaseAsync(first, default);
        Assert.Null(await _b.FindAsync("role/x", default));
        Lease second = Assert.IsType<Lease>(await _b.TryAcquireAsync("role/x", "b", Long, default));
        Assert.True(second.Fence > first.Fence);
        Assert.False(await _a.RenewAsync(first, default));
        await _a.ReleaseAsync(first, default);
        Assert.Equal(second, await _a.FindAsync("role/x", default));
    }

    [Fact]
    public async Task A_lease_that_is_not_renewed_runs_out_and_one_that_is_does_not()
    {
        Lease kept = Assert.IsType<Lease>(await _a.TryAcquireAsync("kept", "a:1", Short, default));
        Lease lost = Assert.IsType<Lease>(await _a.TryAcquireAsync("lost", "a:1", Short, default));
        Lease? next = null;
        await Eventually.UntilAsync(async () =>
        {
            Assert.True(await _a.RenewAsync(kept, default));
            return (next = await _b.TryAcquireAsync("lost", "b", Long, default)) is not null;
        }, "the lease ran out");
        Assert.True(next!.Fence > lost.Fence);
        Assert.Equal(kept, await _b.FindAsync("kept", default));
    }

    [Fact]
    public async Task A_lease_that_ran_out_is_renewed_unless_somebody_took_it()
    {
        Lease lease = Assert.IsType<Lease>(await _a.TryAcquireAsync("role", "a", Short, default));
        await Eventually.UntilAsync(async () => await _b.FindAsync("role", default) is null, "the lease ran out");
        Assert.True(await _a.RenewAsync(lease, default));
        await Eventually.UntilAsync(async () => await _b.FindAsync("role", default) is null, "the lease ran out again");
        Lease other = Assert.IsType<Lease>(await _b.TryAcquireAsync("role", "b", Short, default));
        Assert.True(other.Fence > lease.Fence);
        await Eventually.UntilAsync(async () => await _a.FindAsync("role", default) is null, "the other's lease ran out");
        Assert.False(await _a.RenewAsync(lease, default));
    }

    [Fact]
    public async Task Of_many_that_ask_at_once_one_gets_it()
    {
        Task<Lease?>[] asked = [.. Enumerable.Range(0, 20).Select(i => Task.Run(async () => await (i % 2 == 0 ? _a : _b).TryAcquireAsync("role", $"node{i}", Long, default)))];
        Lease?[] taken = await Task.WhenAll(asked);
        Lease winner = Assert.Single(taken, lease => lease is not null)!;
        Assert.Equal(winner, await _a.FindAsync("role", default));
    }

    /// <summary>Two nodes' leases.</summary>
    protected abstract ValueTask<(ILeases A, ILeases B)> OpenAsync();
}

public sealed class LocalLeasesContractTests : LeasesContract
{
    public override ValueTask DisposeAsync() => ValueTask.CompletedTask;

    protected override ValueTask<(ILeases A, ILeases B)> OpenAsync()
    {
        var leases = new LocalLeases(TimeProvider.System);
        return ValueTask.FromResult<(ILeases, ILeases)>((leases, leases));
    }
}

public abstract class RedisLeasesContractTests(RedisKind kind, SharedServers servers) : LeasesContract
{
    private readonly string _prefix = SharedServers.NewPrefix();

    public override ValueTask DisposeAsync() => ValueTask.CompletedTask;

    protected override async ValueTask<(ILeases A, ILeases B)> OpenAsync()
        => (new RedisLeases(await servers.ConnectAsync(kind, 0), _prefix, TimeProvider.System), new RedisLeases(await servers.ConnectAsync(kind, 1), _prefix, TimeProvider.System));
}

public sealed class RedisServerLeasesTests(SharedServers servers) : RedisLeasesContractTests(RedisKind.Redis, servers);

public sealed class GarnetLeasesTests(SharedServers servers) : RedisLeasesContractTests(RedisKind.Garnet, servers);
