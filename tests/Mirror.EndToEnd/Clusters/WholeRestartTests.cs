using System.Text.Json.Nodes;
using Mirror.LocalCluster;

namespace Mirror.EndToEnd.Clusters;

/// <summary>Every node of a cluster goes at once, as in a loss of power; what they share is still there.</summary>
[Trait("Host", "own")]
public sealed class WholeRestartTests(RunningCluster running, ITestOutputHelper output) : IClassFixture<RunningCluster>
{
    private const string Stream = "studio";

    [Fact]
    public async Task A_recording_goes_on_once_the_nodes_are_back()
    {
        await running.ViewersAsync(Stream);
        await running.SendAsync(HttpMethod.Post, $"api/v1/streams/{Stream}/record");
        JsonNode before = await running.RecordingAsync(Stream, recording => RunningCluster.SegmentsOf(recording) > 4, "the recording runs");
        await Task.WhenAll(running.Cluster.Nodes.Select(node => node.Process.KillAsync()));
        await Task.WhenAll(running.Cluster.Nodes.Select(running.RestartAsync));
        await running.RecordingAsync(Stream, recording => RunningCluster.SegmentsOf(recording) > RunningCluster.SegmentsOf(before) + 10, "the recording goes on");
        await running.SendAsync(HttpMethod.Delete, $"api/v1/streams/{Stream}/record");
        JsonNode complete = await running.RecordingAsync(Stream, recording => (string?)recording["status"] == "complete", "the recording is complete");
        Assert.Equal((string?)before["id"], (string?)complete["id"]);
        CheckedRendition source = (await running.CheckRecordingAsync(Stream, output)).Single(rendition => rendition.Name.EndsWith("/source", StringComparison.Ordinal));
        Assert.Equal((1, true), (source.Discontinuities, source.IsEnded));
    }
}
