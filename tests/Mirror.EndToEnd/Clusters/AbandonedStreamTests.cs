using Mirror.EndToEnd.RealTime;
using Mirror.Functions.Tests.Hooks;
using Mirror.LocalCluster;
using Mirror.Streams.Events;

namespace Mirror.EndToEnd.Clusters;

/// <summary>The only ingest node that an encoder knows is gone for longer than the reconnect window: functions tell that its stream is over.</summary>
public sealed class AbandonedStreamTests(RunningCluster running) : ClusterTests(running)
{
    [Fact]
    public async Task A_stream_whose_node_is_gone_ends_once_and_begins_anew_when_the_node_wakes_up()
    {
        await using HookReceiver receiver = await HookReceiver.StartAsync();
        ClusterNode ingest = Running.Cluster.Of(NodeKind.Ingest).Last();
        await Running.RestartAsync(ingest, "--ingestion.srt.reconnect_window", "1s");
        string hook = await Running.CreateHookAsync(new { url = receiver.Url, streams = new[] { "cam" } });
        await using var encoder = new TestEncoder("cam", [ingest.SrtPort], "320x180", 25);
        await ToldAsync(EventTypes.StreamReady, 1);
        ingest.Process.Send(Signal.Stop);
        await ToldAsync(EventTypes.StreamEnded, 1);
        ingest.Process.Send(Signal.Continue);
        await ToldAsync(EventTypes.StreamReady, 2);
        await ToldAsync(EventTypes.StreamStarted, 2);        // events of one moment come in any order
        Assert.Equal([EventTypes.StreamEnded, EventTypes.StreamReady, EventTypes.StreamReady, EventTypes.StreamStarted, EventTypes.StreamStarted], Told().Order());
        await Running.DeleteAsync($"api/v1/hooks/{hook}");
        await encoder.DisposeAsync();
        await Running.DeleteAsync("api/v1/streams/cam");
        await Running.RestartAsync(ingest);

        // Whether it counts as degraded, or as resumed, between depends on who looks first.
        string[] Told() => [.. receiver.Requests.Select(request => (string)request.Json["type"]!).Where(type => type is EventTypes.StreamStarted or EventTypes.StreamReady or EventTypes.StreamEnded)];
        Task ToldAsync(string type, int times) => Eventually.TrueAsync(() => Told().Count(told => told == type) == times, $"{type} is told for the {times}. time");
    }
}
