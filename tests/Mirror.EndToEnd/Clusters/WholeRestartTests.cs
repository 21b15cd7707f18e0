using System.Text.Json.Nodes;
using Mirror.EndToEnd.RealTime;
using Mirror.LocalCluster;

namespace Mirror.EndToEnd.Clusters;

/// <summary>Every node of a cluster goes at once, as in a loss of power; what they share is still there.</summary>
public sealed class WholeRestartTests(RunningCluster running, ITestOutputHelper output) : ClusterTests(running)
{
    private const string Stream = RunningCluster.Stream;

    [Fact]
    public async Task A_recording_goes_on_once_the_nodes_are_back()
    {
        await Running.ViewersAsync(Stream);
        await Running.RecordAsync();
        JsonNode before = await Running.RecordingAsync(Stream, recording => RunningCluster.SegmentsOf(recording) > 4, "the recording runs");
        await Task.WhenAll(Running.Cluster.Nodes.Select(node => node.Process.KillAsync()));
        await Task.WhenAll(Running.Cluster.Nodes.Select(node => Running.RestartAsync(node)));
        await Running.RecordingAsync(Stream, recording => RunningCluster.SegmentsOf(recording) > RunningCluster.SegmentsOf(before) + 10, "the recording goes on");
        await Running.SendAsync(HttpMethod.Delete, $"api/v1/streams/{Stream}/record");
        JsonNode complete = await Running.RecordingAsync(Stream, recording => (string?)recording["status"] == "complete", "the recording is complete");
        Assert.Equal((string?)before["id"], (string?)complete["id"]);
        CheckedRendition source = (await Running.CheckRecordingAsync(Stream, output)).Single(rendition => rendition.Name.EndsWith("/source", StringComparison.Ordinal));
        Assert.True(source.IsEnded);
        Assert.True(source.Discontinuities > 0);             // one, or more where the machine was so slow that the encoder or a lease gave up once more
    }
}
