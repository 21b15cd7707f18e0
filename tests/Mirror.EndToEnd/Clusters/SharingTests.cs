using System.Text.Json.Nodes;
using Mirror.EndToEnd.RealTime;
using Mirror.LocalCluster;

namespace Mirror.EndToEnd.Clusters;

/// <summary>Transcode nodes that have room for one stream's renditions each.</summary>
public sealed class SharingTests(RunningCluster running, ITestOutputHelper output) : ClusterTests(running)
{
    private readonly HttpClient _http = CheckingViewer.CreateClient();

    private Cluster Cluster => Running.Cluster;

    /// <summary>The streams of a test have the nodes for themselves.</summary>
    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        await Running.StopEncoderAsync();
    }

    public override async ValueTask DisposeAsync()
    {
        await RestartTranscodersAsync();
        Running.StartEncoder();
        _http.Dispose();
        await base.DisposeAsync();
    }

    [Fact]
    public async Task Renditions_that_find_no_room_get_it_at_another_node_once_that_has_it()
    {
        await RestartTranscodersAsync("--transcode.cpu_budget", "0.05");
        Uri origin = Cluster.Of(NodeKind.Origin).First().Http;
        await using var stays = new TestEncoder("stays", Cluster.SrtPortsFor(0), "640x360", 25);
        await UntilAsync(origin, "stays", IsUp, "has its renditions");
        await using var leaves = new TestEncoder("leaves", Cluster.SrtPortsFor(1), "640x360", 25);
        await UntilAsync(origin, "leaves", IsUp, "has its renditions");
        Assert.NotEqual(await NodeOfAsync(origin, "stays"), await NodeOfAsync(origin, "leaves"));

        await using var waits = new TestEncoder("waits", Cluster.SrtPortsFor(0), "640x360", 25);
        JsonNode refused = await UntilAsync(origin, "waits", static stream => ((string?)stream["transcode"]?["reason"])?.StartsWith("no capacity", StringComparison.Ordinal) == true, "is refused");
        string full = (string)refused["nodes"]!["transcode"]!;
        string other = full == await NodeOfAsync(origin, "stays") ? "leaves" : "stays";
        var viewer = new CheckingViewer("waits", "source", Cluster.Of(NodeKind.Origin).Select(node => node.Http), _http);
        using var watching = new CancellationTokenSource();
        Task watched = viewer.RunAsync(watching.Token);
        await Eventually.TrueAsync(() => viewer.Parts > 5, "the source is being watched");

        await (other == "leaves" ? leaves : stays).DisposeAsync();
        using (HttpResponseMessage ended = await _http.DeleteAsync(new Uri(origin, $"api/v1/streams/{other}"))) { ended.EnsureSuccessStatusCode(); }
        await UntilAsync(origin, "waits", stream => IsUp(stream) && (string?)stream["nodes"]!["transcode"] != full, "has its renditions, at the other node");
        long parts = viewer.Parts;
        await Eventually.TrueAsync(() => viewer.Parts > parts + 20, "the source goes on");
        await watching.CancelAsync();
        await watched;
        output.WriteLine($"source: {viewer.Parts} parts, {viewer.Gaps} gaps, {viewer.Discontinuities} discontinuities, longest interruption {viewer.LongestInterruption.TotalSeconds:F2} s");
        Assert.Empty(viewer.Violations);
        Assert.True(viewer.Discontinuities > 0);             // one for the move; a slow machine may cost a lease, or seconds of arrivals, and one more
    }

    [Fact]
    public async Task A_stream_that_ends_while_its_transcode_node_dies_ends_for_its_viewers()
    {
        Uri origin = Cluster.Of(NodeKind.Origin).First().Http;
        await using var encoder = new TestEncoder("show", Cluster.SrtPortsFor(0), "640x360", 25);
        JsonNode stream = await UntilAsync(origin, "show", IsUp, "has its renditions");
        string owner = (string)stream["nodes"]!["transcode"]!;
        // A rendition that ends before it has a segment has nothing to show.
        Uri[] playlists = [.. new[] { "source", "360p", "audio", "audio-aac" }.Select(rendition => new Uri(origin, $"live/show/{rendition}/playlist.m3u8"))];
        foreach (Uri playlist in playlists) { await Eventually.TrueAsync(async () => (await TextAsync(playlist)).Contains("#EXTINF", StringComparison.Ordinal), $"{playlist} lists a segment"); }
        // Nobody can take it while it ends, and nobody knows of it afterwards.
        ClusterNode[] nodes = [.. Cluster.Of(NodeKind.Transcode)];
        foreach (ClusterNode node in nodes) { node.Process.Send(Signal.Stop); }
        await encoder.DisposeAsync();
        using (HttpResponseMessage ended = await _http.DeleteAsync(new Uri(origin, "api/v1/streams/show"))) { ended.EnsureSuccessStatusCode(); }
        await Eventually.TrueAsync(async () => await GetAsync(origin, "show") is null, "the stream is gone");
        await nodes.Single(node => owner.StartsWith(node.Name + "-", StringComparison.Ordinal)).Process.KillAsync();
        foreach (ClusterNode node in nodes.Where(node => !owner.StartsWith(node.Name + "-", StringComparison.Ordinal))) { node.Process.Send(Signal.Continue); }
        foreach (Uri playlist in playlists) { await Eventually.TrueAsync(async () => (await TextAsync(playlist)).Contains("#EXT-X-ENDLIST", StringComparison.Ordinal), $"{playlist} ends"); }
    }

    private async Task<string> TextAsync(Uri uri)
    {
        using HttpResponseMessage response = await _http.GetAsync(uri);
        return response.IsSuccessStatusCode ? await response.Content.ReadAsStringAsync() : "";
    }

    private Task RestartTranscodersAsync(params string[] settings) => Task.WhenAll(Cluster.Of(NodeKind.Transcode).Select(node => Running.RestartAsync(node, settings)));

    private static bool IsUp(JsonNode stream) => stream["transcode"]?["renditions"]?.AsArray() is { Count: > 0 } renditions && renditions.All(static rendition => (bool)rendition!["up"]!);

    private async Task<string?> NodeOfAsync(Uri origin, string stream) => (string?)(await GetAsync(origin, stream))?["nodes"]?["transcode"];

    private async Task<JsonNode> UntilAsync(Uri origin, string stream, Func<JsonNode, bool> condition, string what)
    {
        JsonNode? last = null;
        await Eventually.TrueAsync(async () => (last = await GetAsync(origin, stream)) is not null && condition(last), $"{stream} {what}");
        return last!;
    }

    private async Task<JsonNode?> GetAsync(Uri origin, string stream)
    {
        using HttpResponseMessage response = await _http.GetAsync(new Uri(origin, $"api/v1/streams/{stream}"));
        return response.IsSuccessStatusCode ? JsonNode.Parse(await response.Content.ReadAsStringAsync()) : null;
    }
}
