using System.Net.Http.Json;
using Mirror.Functions.Tests.Hooks;
using Mirror.LocalCluster;
using Mirror.Streams.Events;

namespace Mirror.EndToEnd.Clusters;

/// <summary>The only ingest node is gone for longer than the reconnect window: functions tell that its stream is over.</summary>
[Trait("Host", "own")]
public sealed class AbandonedStreamTests
{
    [Fact]
    public async Task A_stream_whose_node_is_gone_ends_once_and_begins_anew_when_the_node_wakes_up()
    {
        await using HookReceiver receiver = await HookReceiver.StartAsync();
        await using Cluster cluster = await Cluster.StartAsync(new ClusterPlan { NodesOfEachKind = 1, Kinds = [NodeKind.Ingest, NodeKind.Functions], Settings = ["--ingestion.srt.reconnect_window", "1s"] });
        ClusterNode ingest = cluster.Of(NodeKind.Ingest).Single();
        using var http = new HttpClient { BaseAddress = cluster.Of(NodeKind.Functions).Single().Http };
        using HttpResponseMessage created = await http.PostAsJsonAsync("api/v1/hooks", new { url = receiver.Url });
        created.EnsureSuccessStatusCode();
        await using var encoder = new TestEncoder("cam", [ingest.SrtPort], "320x180", 25);
        await ToldAsync(EventTypes.StreamReady, 1);
        ingest.Process.Send(Signal.Stop);
        await ToldAsync(EventTypes.StreamEnded, 1);
        ingest.Process.Send(Signal.Continue);
        await ToldAsync(EventTypes.StreamReady, 2);
        await ToldAsync(EventTypes.StreamStarted, 2);        // events of one moment come in any order
        Assert.Equal([EventTypes.StreamEnded, EventTypes.StreamReady, EventTypes.StreamReady, EventTypes.StreamStarted, EventTypes.StreamStarted], Told().Where(type => type != EventTypes.StreamDegraded).Order());

        string[] Told() => [.. receiver.Requests.Select(request => (string)request.Json["type"]!)];
        Task ToldAsync(string type, int times) => Eventually.TrueAsync(() => Told().Count(told => told == type) == times, $"{type} is told for the {times}. time", TimeSpan.FromSeconds(60));
    }
}
