using Microsoft.Extensions.DependencyInjection;
using Mirror.Origin.Tests.Publishing;
using Mirror.ServiceDefaults.Cluster;
using Mirror.Streams.Registry;

namespace Mirror.ServiceDefaults.Tests.Cluster;

/// <summary>A node is in the registry while it lives, and says what all of its roles do.</summary>
public class NodeReporterTests
{
    private static readonly Uri Address = new("http://10.0.0.7:8081");
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private readonly ManualTime _time = new();
    private readonly RecordingLogger<NodeReporter> _logger = new();
    private readonly ServiceProvider _services = new ServiceCollection().BuildServiceProvider();

    private NodeReporter Create(IStreamRegistry registry, Uri? address) => new(new NodeIdentity("node-1", address),
        [new NodeRole("ingest", (_, record) => record with { SrtPort = 9998, Streams = 2 }), new NodeRole("transcode", (_, record) => record with { FreeCores = 1.5, Streams = record.Streams + 1 })],
        registry, _services, _time, _logger);

    [Fact]
    public async Task A_record_tells_all_roles_and_is_gone_when_the_node_stops()
    {
        (IStreamRegistry registry, _) = UnsteadyRegistry.Create();
        using NodeReporter reporter = Create(registry, Address);
        await reporter.StartAsync(TestContext.Current.CancellationToken);
        NodeRecord record = await NodeAsync(registry, node => true);
        Assert.Equal(("node-1", Address, 9998, 3, 1.5), (record.Id, record.Address, record.SrtPort, record.Streams, record.FreeCores));
        Assert.Equal(["ingest", "transcode"], record.Roles);
        Assert.Equal(record.StartedAt, record.LastHeartbeat);

        _time.Advance(TimeSpan.FromSeconds(1));
        NodeRecord next = await NodeAsync(registry, node => node.LastHeartbeat > node.StartedAt);
        Assert.Equal(TimeSpan.FromSeconds(1), next.LastHeartbeat - next.StartedAt);

        await reporter.StopAsync(TestContext.Current.CancellationToken);
        Assert.Empty(await registry.ListNodesAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_registry_that_is_unreachable_is_told_of_once_and_tried_again()
    {
        (IStreamRegistry registry, UnsteadyRegistry unsteady) = UnsteadyRegistry.Create();
        unsteady.IsUnreachable = true;
        using NodeReporter reporter = Create(registry, Address);
        await reporter.StartAsync(TestContext.Current.CancellationToken);
        for (int calls = 1; calls <= 3; calls++)
        {
            await UntilAsync(() => unsteady.Calls >= calls);
            _time.Advance(TimeSpan.FromSeconds(1));
        }
        await UntilAsync(() => unsteady.Calls >= 4);
        Assert.Contains("no answer", Assert.Single(_logger.Lines), StringComparison.Ordinal);

        unsteady.IsUnreachable = false;
        _time.Advance(TimeSpan.FromSeconds(1));
        await NodeAsync(registry, node => true);
        unsteady.IsUnreachable = true;
        await reporter.StopAsync(TestContext.Current.CancellationToken);        // cannot take its record back: it ends all the same
        Assert.Equal(2, _logger.Lines.Count);
    }

    [Fact]
    public async Task A_process_alone_reports_nothing()
    {
        (IStreamRegistry registry, _) = UnsteadyRegistry.Create();
        using NodeReporter reporter = Create(registry, address: null);
        await reporter.StartAsync(TestContext.Current.CancellationToken);
        await reporter.ExecuteTask!.WaitAsync(Patience, TestContext.Current.CancellationToken);
        Assert.Empty(await registry.ListNodesAsync(TestContext.Current.CancellationToken));
    }

    private static async Task<NodeRecord> NodeAsync(IStreamRegistry registry, Func<NodeRecord, bool> isWanted)
    {
        NodeRecord? found = null;
        await UntilAsync(async () => (found = (await registry.ListNodesAsync(TestContext.Current.CancellationToken)).FirstOrDefault(isWanted)) is not null);
        return found!;
    }

    private static Task UntilAsync(Func<bool> condition) => UntilAsync(() => Task.FromResult(condition()));

    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        DateTime end = DateTime.UtcNow + Patience;
        while (!await condition())
        {
            Assert.True(DateTime.UtcNow < end, "it did not happen in time");
            await Task.Delay(5, TestContext.Current.CancellationToken);
        }
    }
}
