using Azure.Messaging;
using Microsoft.Extensions.Logging.Abstractions;
using Mirror.Functions.Control;
using Mirror.Origin.Tests.Publishing;
using Mirror.Streams.Events;
using Mirror.Streams.Registry;
using Mirror.Streams.Shared;
using Mirror.Streams.Tests.Servers;

namespace Mirror.Functions.Tests.Control;

/// <summary>A stream whose ingest node died ends once its publisher has stayed away for long enough: the same on each registry.</summary>
public abstract class AbandonedStreamsTests
{
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(30);
    private readonly ManualTime _time = new();
    private readonly RecordedEvents _events = new();

    private protected abstract IStreamRegistry Registry { get; }

    private protected abstract ILeases Leases { get; }

    [Fact]
    public async Task It_ends_once_when_its_node_is_gone_for_longer_than_the_reconnect_window()
    {
        await PutAsync("cam", "n1");
        _time.Advance(Window);
        await EndAsync("f1");
        Assert.Empty(_events.Told);
        _time.Advance(TimeSpan.FromSeconds(6));
        await EndAsync("f1");
        await EndAsync("f2");
        CloudEvent told = Assert.Single(_events.Told);
        Assert.Equal((EventTypes.StreamEnded, "cam"), (told.Type, told.Subject));
        Assert.Contains("the ingest node is gone", told.Data!.ToString(), StringComparison.Ordinal);
        Assert.Contains("\"node\":\"n1\"", told.Data!.ToString(), StringComparison.Ordinal);
        Assert.Null(await Registry.FindAsync("cam", default));
        Assert.Null(await Leases.FindAsync(Lease.IngestOf("cam"), default));
    }

    [Fact]
    public async Task Of_many_functions_that_notice_at_once_one_ends_it()
    {
        for (int i = 0; i < 10; i++) { await PutAsync($"cam-{i}", "n1"); }
        _time.Advance(Window * 2);
        await Task.WhenAll(Enumerable.Range(0, 4).Select(number => Task.Run(() => EndAsync($"f{number}"))));
        Assert.Equal(Enumerable.Range(0, 10).Select(i => $"cam-{i}"), _events.Told.Select(told => told.Subject!).Order());
    }

    [Fact]
    public async Task It_goes_on_while_its_node_lives()
    {
        await PutAsync("cam", "n1");
        await Registry.PutNodeAsync(Node("n1"), default);
        _time.Advance(Window * 2);
        await EndAsync("f1");
        Assert.NotNull(await Registry.FindAsync("cam", default));
        await Registry.RemoveNodeAsync("n1", default);
        await EndAsync("f1");
        Assert.Single(_events.Told);
    }

    [Fact]
    public async Task It_goes_on_where_its_publisher_is_at_another_node_by_now()
    {
        await PutAsync("cam", "n1");
        _time.Advance(Window * 2);
        Lease taken = (await Leases.TryAcquireAsync(Lease.IngestOf("cam"), "n2", TimeSpan.FromMinutes(5), default))!;
        await EndAsync("f1");
        Assert.NotNull(await Registry.FindAsync("cam", default));
        await PutAsync("cam", "n2", taken.Fence);
        await Leases.ReleaseAsync(taken, default);
        await EndAsync("f1");
        Assert.Equal("n2", (await Registry.FindAsync("cam", default))!.NodeId);
        Assert.Empty(_events.Told);
    }

    [Fact]
    public async Task Who_goes_on_after_a_crash_tells_it_under_the_same_id()
    {
        await PutAsync("cam", "n1");
        StreamRecord record = (await Registry.FindAsync("cam", default))!;
        _time.Advance(Window * 2);
        await EndAsync("f1");
        await Registry.PutAsync(record with { Status = StreamStatus.Ended, Epoch = long.MaxValue / 2 }, default);    // as if it had crashed before it removed the record
        await EndAsync("f2");
        Assert.Equal(2, _events.Told.Count);
        Assert.Equal(_events.Told[0].Id, _events.Told[1].Id);
        Assert.Null(await Registry.FindAsync("cam", default));
    }

    [Fact]
    public async Task In_a_single_process_nothing_is_ended()
    {
        await PutAsync("cam", null);
        _time.Advance(Window * 2);
        await EndAsync("f1");
        Assert.NotNull(await Registry.FindAsync("cam", default));
    }

    private Task EndAsync(string function)
        => new AbandonedStreams(Registry, Leases, _events, new NodeIdentity(function, null), _time, NullLogger<AbandonedStreams>.Instance).EndAllAsync(default);

    private ValueTask PutAsync(string id, string? node, long epoch = 7) => Registry.PutAsync(new StreamRecord
    {
        Id = id,
        Type = "srt",
        SourceAddress = "192.0.2.1:4000",
        Status = StreamStatus.Active,
        CreatedAt = _time.GetUtcNow().UtcDateTime,
        LastHeartbeat = _time.GetUtcNow().UtcDateTime,
        NodeId = node,
        NodeAddress = node is null ? null : new Uri("http://127.0.0.1:81/"),
        Epoch = epoch,
        ReconnectWindow = Window,
    }, default);

    private NodeRecord Node(string id) => new() { Id = id, Roles = ["ingest"], Address = new Uri("http://127.0.0.1:81/"), StartedAt = _time.GetUtcNow().UtcDateTime, LastHeartbeat = _time.GetUtcNow().UtcDateTime };

    private sealed class RecordedEvents : IEvents
    {
        private readonly List<CloudEvent> _told = [];

        public IReadOnlyList<CloudEvent> Told
        {
            get { lock (_told) { return [.. _told]; } }
        }

        public bool Publish(CloudEvent happened)
        {
            lock (_told) { _told.Add(happened); }
            return true;
        }
    }
}

public sealed class LocalAbandonedStreamsTests : AbandonedStreamsTests
{
    private protected override IStreamRegistry Registry { get; } = new LocalStreamRegistry();

    private protected override ILeases Leases { get; } = new LocalLeases(TimeProvider.System);
}

public sealed class RedisAbandonedStreamsTests : AbandonedStreamsTests, IClassFixture<RedisAbandonedStreamsTests.Server>
{
    public RedisAbandonedStreamsTests(Server server)
    {
        string prefix = "test-" + Guid.NewGuid().ToString("N")[..8];
        Registry = new RedisStreamRegistry(server.Redis, prefix, TimeProvider.System, NullLogger<RedisStreamRegistry>.Instance);
        Leases = new RedisLeases(server.Redis, prefix, TimeProvider.System);
    }

    private protected override IStreamRegistry Registry { get; }

    private protected override ILeases Leases { get; }

    /// <summary>A Redis for all tests of the class.</summary>
    public sealed class Server : IAsyncLifetime
    {
        private RedisServer? _server;

        public RedisConnection Redis { get; private set; } = null!;

        public async ValueTask InitializeAsync()
        {
            _server = await RedisServer.StartAsync(RedisKind.Redis);
            Redis = new RedisConnection($"127.0.0.1:{_server.Port}", NullLogger<RedisConnection>.Instance);
        }

        public async ValueTask DisposeAsync()
        {
            await Redis.DisposeAsync();
            _server?.Dispose();
        }
    }
}
