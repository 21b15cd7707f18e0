using Mirror.Streams.Registry;

namespace Mirror.Streams.Tests.Registry;

public sealed class LocalLeasesTests
{
    private static readonly TimeSpan Duration = TimeSpan.FromSeconds(2);
    private readonly Clock _clock = new();
    private readonly LocalLeases _leases;

    public LocalLeasesTests() => _leases = new LocalLeases(_clock);

    [Fact]
    public async Task One_holder_at_a_time_and_a_higher_fence_for_the_next()
    {
        Lease first = Assert.IsType<Lease>(await TakeAsync("a"));
        Assert.Null(await TakeAsync("b"));
        _clock.Now += TimeSpan.FromSeconds(1.5);
        Assert.True(await _leases.RenewAsync(first, default));
        _clock.Now += TimeSpan.FromSeconds(1.5);
        Assert.Null(await TakeAsync("b"));
        Assert.Equal(first, await _leases.FindAsync("role", default));
        _clock.Now += TimeSpan.FromSeconds(1);
        Lease second = Assert.IsType<Lease>(await TakeAsync("b"));
        Assert.True(second.Fence > first.Fence);
        Assert.False(await _leases.RenewAsync(first, default));
    }

    [Fact]
    public async Task A_lease_given_back_is_free_and_one_that_is_lost_cannot_be_given_back()
    {
        Lease first = Assert.IsType<Lease>(await TakeAsync("a"));
        await _leases.ReleaseAsync(first, default);
        Lease second = Assert.IsType<Lease>(await TakeAsync("b"));
        await _leases.ReleaseAsync(first, default);
        Assert.Equal(second, await _leases.FindAsync("role", default));
    }

    private ValueTask<Lease?> TakeAsync(string owner) => _leases.TryAcquireAsync("role", owner, Duration, default);

    private sealed class Clock : TimeProvider
    {
        public TimeSpan Now { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Now.Ticks;
    }
}
