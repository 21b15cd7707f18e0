using Microsoft.Extensions.Logging.Abstractions;
using Mirror.Media.Frames;
using Mirror.Streams.Announcements;
using Mirror.Streams.Registry;
using Mirror.Streams.Shared;
using Mirror.Streams.Store;
using Mirror.Streams.Tests.Servers;

namespace Mirror.Streams.Tests.Announcements;

public abstract class RedisAnnouncementsTests(RedisKind kind, SharedServers servers) : AnnouncementsContract
{
    private readonly string _prefix = SharedServers.NewPrefix();
    private readonly List<RedisAnnouncements> _open = [];
    private readonly RecentParts _recent = new(1 << 20);
    private RedisLeases _leases = null!;

    public override async ValueTask DisposeAsync()
    {
        foreach (RedisAnnouncements announcements in _open) { await announcements.DisposeAsync(); }
    }

    [Fact]
    public async Task Streams_are_open_until_all_their_renditions_have_ended()
    {
        var ends = new TestStream(A, "ends");
        ends.Start().Parts(2);
        new TestStream(A, "stays").Start().Parts(2);
        await A.FlushAsync("ends");
        await A.FlushAsync("stays");
        await Eventually.UntilAsync(async () => (await B.ListOpenAsync(default)).Order().SequenceEqual(["ends", "stays"]), "both are open");
        ends.End();
        await A.FlushAsync("ends");
        Assert.Equal(["stays"], await B.ListOpenAsync(default));
    }

    [Fact]
    public async Task Once_a_stream_is_flushed_others_know_how_far_it_came()
    {
        await A.FlushAsync("cam");
        new TestStream(A, "cam").Start().Parts(4);
        await A.FlushAsync("cam");
        await A.FlushAsync("cam");
        Assert.Equal(TestStream.FirstMsn + 2, Assert.Single((await B.FindPositionAsync("cam", default)).Renditions).NextMsn);
    }

    [Fact]
    public async Task A_newcomer_joins_at_a_segment_with_its_numbers()
    {
        using var first = new Listener(B);
        var stream = new TestStream(A, "cam");
        stream.Start().Parts(4).Parts(2, startsDiscontinuity: true).Parts(3);
        await first.UntilAsync(heard => heard.Count == 11, "all was heard");
        using var late = new Listener(B);
        await late.UntilAsync(heard => heard.Count == 11, "all was told to the newcomer");
        Assert.Equal(first.Heard.Select(announcement => announcement.GetType()), late.Heard.Select(announcement => announcement.GetType()));
        Assert.Equal(first.Media, late.Media);
        stream.Parts(1);
        await late.UntilAsync(heard => heard.Count == 12, "the newcomer hears what follows");
        RenditionPosition position = Assert.Single((await B.FindPositionAsync("cam", default)).Renditions);
        Assert.Equal((105L, 1), (position.NextMsn, position.DiscontinuitySequence));
        stream.End();
        await late.UntilAsync(heard => heard[^1] is RenditionEnded, "the end was heard");
        StreamPosition ended = await B.FindPositionAsync("cam", default);
        Assert.Empty(ended.Renditions);
        Assert.Equal(1, ended.LastDiscontinuity);            // one that begins anew counts on, although nothing goes on
        Assert.Null((await B.FindPositionAsync("other", default)).LastDiscontinuity);
    }

    [Fact]
    public async Task Small_parts_come_along_and_large_ones_do_not()
    {
        using var there = new Listener(B);
        new TestStream(A, "cam").Start().Parts(1, bytes: 64 * 1024).Parts(1, bytes: 64 * 1024 + 1);
        await there.UntilAsync(heard => heard.Count == 4, "both parts were heard");
        var segment = new SegmentKey(TestStream.Key("cam", 0), TestStream.FirstMsn);
        Assert.True(_recent.TryRetain(segment, 0, 64 * 1024, out MediaBuffer? bytes));
        Assert.Equal(64 * 1024, bytes.Length);
        Assert.All(bytes.Span.ToArray(), value => Assert.Equal((byte)200, value));
        bytes.Release();
        Assert.False(_recent.TryRetain(segment, 50, 64 * 1024 + 1, out _));
    }

    [Fact]
    public async Task Whoever_lost_the_lease_is_turned_down_and_told()
    {
        using var there = new Listener(B);
        TaskCompletionSource<(string, long)> fenced = new(TaskCreationOptions.RunContinuationsAsynchronously);
        A.Fenced += (id, epoch) => fenced.TrySetResult((id, epoch));
        Lease first = Assert.IsType<Lease>(await _leases.TryAcquireAsync(Lease.TranscodeOf("cam"), "a", TimeSpan.FromMinutes(1), default));
        var late = new TestStream(A, "cam", first.Fence);
        late.Start().Parts(4);
        await there.UntilAsync(heard => heard.Count == 6, "the first packager was heard");
        await _leases.ReleaseAsync(first, default);
        late.Parts(2);                                       // nobody else took it yet: what was on its way is heard
        await there.UntilAsync(heard => heard.Count == 8, "the last parts were heard");
        Lease second = Assert.IsType<Lease>(await _leases.TryAcquireAsync(Lease.TranscodeOf("cam"), "b", TimeSpan.FromMinutes(1), default));
        late.Parts(2);
        Assert.Equal(("cam", first.Fence), await fenced.Task.WaitAsync(TimeSpan.FromMinutes(2)));
        RenditionPosition position = Assert.Single((await B.FindPositionAsync("cam", default)).Renditions);
        Assert.Equal(103, position.NextMsn);
        new TestStream(B, "cam", second.Fence).Start(position.NextMsn).Parts(2, startsDiscontinuity: true);
        late.Parts(2);
        await there.UntilAsync(heard => heard.Count == 12, "the successor was heard");
        Assert.Equal(TestStream.Media(8), there.Media);
        Assert.Equal(second.Fence, there.Heard[^1].Rendition.Epoch);
    }

    protected override async ValueTask<(IAnnouncements A, IAnnouncements B)> OpenAsync()
    {
        _leases = new RedisLeases(await servers.ConnectAsync(kind, 0), _prefix, TimeProvider.System);
        return (await OpenAsync(0), await OpenAsync(1));
    }

    private async Task<RedisAnnouncements> OpenAsync(int node)
    {
        RedisConnection redis = await servers.ConnectAsync(kind, node);
        var announcements = new RedisAnnouncements(redis, [redis], new SharedOptions { Prefix = _prefix }, _recent, TimeProvider.System, NullLogger<RedisAnnouncements>.Instance);
        _open.Add(announcements);
        return announcements;
    }
}

public sealed class RedisServerAnnouncementsTests(SharedServers servers) : RedisAnnouncementsTests(RedisKind.Redis, servers);

public sealed class GarnetAnnouncementsTests(SharedServers servers) : RedisAnnouncementsTests(RedisKind.Garnet, servers);
