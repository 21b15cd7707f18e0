using Microsoft.Extensions.Logging.Abstractions;
using Mirror.Media.Frames;
using Mirror.Streams.Registry;
using Mirror.Streams.Tests.Servers;

namespace Mirror.Streams.Tests.Registry;

/// <summary>What every adapter of <see cref="IStreamRegistry"/> must do. Two nodes each have their own way to the same records.</summary>
public abstract class RegistryContract : IAsyncLifetime
{
    private IStreamRegistry _a = null!;
    private IStreamRegistry _b = null!;

    public async ValueTask InitializeAsync() => (_a, _b) = await OpenAsync();

    public abstract ValueTask DisposeAsync();

    [Fact]
    public async Task A_record_is_found_by_all_until_it_is_removed()
    {
        StreamRecord record = Record("cam");
        await _a.PutAsync(record, default);
        await _a.PutAsync(Record("alpha"), default);
        StreamRecord found = Assert.IsType<StreamRecord>(await _b.FindAsync("cam", default));
        Assert.Equal((record.Id, record.Status, record.StatusReason, record.CreatedAt, record.Bitrate, record.FrameRate, record.NodeAddress, record.Epoch),
            (found.Id, found.Status, found.StatusReason, found.CreatedAt, found.Bitrate, found.FrameRate, found.NodeAddress, found.Epoch));
        Assert.True(found.Video!.SameFormatAs(record.Video));
        Assert.Equal(record.Stats, found.Stats);
        Assert.Equal(["alpha", "cam"], (await _b.ListAsync(default)).Select(stream => stream.Id));
        await _a.PutAsync(record with { Status = StreamStatus.Degraded }, default);
        Assert.Equal(StreamStatus.Degraded, (await _b.FindAsync("cam", default))!.Status);
        await _a.RemoveAsync("cam", default);
        Assert.Null(await _b.FindAsync("cam", default));
        Assert.Equal(["alpha"], (await _b.ListAsync(default)).Select(stream => stream.Id));
    }

    [Fact]
    public async Task A_command_reaches_the_owner_and_one_to_nobody_is_refused()
    {
        List<StreamCommand> heard = [];
        using IDisposable subscription = _a.Subscribe(command => { lock (heard) { heard.Add(command); } });
        Assert.False(await _b.SendAsync(new StreamCommand("cam", StreamAction.Stop), default));
        await _a.PutAsync(Record("cam"), default);
        Assert.True(await _b.SendAsync(new StreamCommand("cam", StreamAction.Stop), default));
        await Eventually.UntilAsync(() => { lock (heard) { return heard.Contains(new StreamCommand("cam", StreamAction.Stop)); } }, "the owner heard the command");
    }

    [Fact]
    public async Task Commands_are_taken_while_the_owner_writes()
    {
        await _a.PutAsync(Record("cam"), default);
        using var stop = new CancellationTokenSource();
        Task writing = Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested) { await _a.PutAsync(Record("cam"), default); }
        });
        for (int i = 0; i < 50; i++) { Assert.True(await _b.SendAsync(new StreamCommand("cam", StreamAction.Stop), default)); }
        await stop.CancelAsync();
        await writing;
    }

    [Fact]
    public async Task Nodes_are_listed_until_they_are_removed()
    {
        await _a.PutNodeAsync(Node("n2"), default);
        await _b.PutNodeAsync(Node("n1"), default);
        IReadOnlyList<NodeRecord> nodes = await _a.ListNodesAsync(default);
        Assert.Equal(["n1", "n2"], nodes.Select(node => node.Id));
        Assert.Equal((Node("n1").Address, "ingest,origin", 30_001), (nodes[0].Address, string.Join(',', nodes[0].Roles), nodes[0].SrtPort));
        await _b.RemoveNodeAsync("n1", default);
        Assert.Equal(["n2"], (await _b.ListNodesAsync(default)).Select(node => node.Id));
    }

    [Fact]
    public async Task Transcoders_are_listed_until_they_are_removed()
    {
        var transcode = new TranscodeRecord("cam", "n1", new Uri("http://127.0.0.1:81/"), null);
        await _a.PutTranscodeAsync(transcode, default);
        Assert.Equal(transcode, Assert.Single(await _b.ListTranscodesAsync(default)));
        await _a.RemoveTranscodeAsync("cam", default);
        Assert.Empty(await _b.ListTranscodesAsync(default));
    }

    /// <summary>Two nodes' registries.</summary>
    protected abstract ValueTask<(IStreamRegistry A, IStreamRegistry B)> OpenAsync();

    protected static StreamRecord Record(string id) => new()
    {
        Id = id,
        Type = "srt",
        SourceAddress = "192.0.2.1:4000",
        Status = StreamStatus.Active,
        StatusReason = "well",
        CreatedAt = new DateTime(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc),
        LastHeartbeat = new DateTime(2026, 1, 1, 0, 1, 0, DateTimeKind.Utc),
        Bitrate = 5_000_000,
        FrameRate = 29.97,
        NodeId = "n1",
        NodeAddress = new Uri("http://127.0.0.1:81/"),
        Epoch = 7,
        Video = new VideoTrack { Id = 1, Codec = Codec.H264, CodecString = "avc1.640028", DecoderConfiguration = new byte[] { 1, 2 }, Width = 1920, Height = 1080 },
        Stats = new StreamStats { BytesReceived = 9, FrameBuffer = new FrameBufferStats { Used = 3 } },
    };

    private static NodeRecord Node(string id) => new()
    {
        Id = id,
        Roles = ["ingest", "origin"],
        Address = new Uri("http://127.0.0.1:8081/"),
        SrtPort = 30_001,
        FreeCores = 1.25,
        StartedAt = new DateTime(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc),
        LastHeartbeat = new DateTime(2026, 1, 1, 0, 0, 1, DateTimeKind.Utc),
    };
}

public sealed class LocalRegistryTests : RegistryContract
{
    public override ValueTask DisposeAsync() => ValueTask.CompletedTask;

    protected override ValueTask<(IStreamRegistry A, IStreamRegistry B)> OpenAsync()
    {
        var registry = new LocalStreamRegistry();
        return ValueTask.FromResult<(IStreamRegistry, IStreamRegistry)>((registry, registry));
    }
}

public abstract class RedisRegistryContractTests(RedisKind kind, SharedServers servers) : RegistryContract
{
    private readonly string _prefix = SharedServers.NewPrefix();

    public override ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task A_record_of_an_earlier_owner_is_ignored_and_it_removes_nothing()
    {
        (IStreamRegistry late, IStreamRegistry owner) = await OpenAsync();
        await late.PutAsync(Record("cam") with { Epoch = 7 }, default);
        await owner.PutAsync(Record("cam") with { Epoch = 8, NodeId = "n2" }, default);
        await late.PutAsync(Record("cam") with { Epoch = 7 }, default);
        Assert.Equal("n2", (await late.FindAsync("cam", default))!.NodeId);
    }

    [Fact]
    public async Task A_command_waits_for_an_owner_that_missed_the_message()
    {
        (IStreamRegistry owner, IStreamRegistry other) = await OpenAsync();
        await other.PutAsync(Record("cam"), default);
        Assert.True(await other.SendAsync(new StreamCommand("cam", StreamAction.Stop), default));
        int heard = 0;
        using IDisposable subscription = owner.Subscribe(_ => heard++);
        await Eventually.UntilAsync(async () =>
        {
            await owner.PutAsync(Record("cam"), default);
            return heard > 0 || await other.SendAsync(new StreamCommand("cam", StreamAction.Stop), default) && heard > 0;
        }, "the owner heard the command at a heartbeat");
    }

    protected override async ValueTask<(IStreamRegistry A, IStreamRegistry B)> OpenAsync()
        => (await OpenAsync(0), await OpenAsync(1));

    private async Task<RedisStreamRegistry> OpenAsync(int node)
        => new(await servers.ConnectAsync(kind, node), _prefix, TimeProvider.System, NullLogger<RedisStreamRegistry>.Instance);
}

public sealed class RedisServerRegistryTests(SharedServers servers) : RedisRegistryContractTests(RedisKind.Redis, servers);

public sealed class GarnetRegistryTests(SharedServers servers) : RedisRegistryContractTests(RedisKind.Garnet, servers);
