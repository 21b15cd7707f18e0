using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Mirror.LocalCluster;

namespace Mirror.EndToEnd.Clusters;

/// <summary>The one cluster of a run, with one live stream. Its tests run one after another; each leaves all nodes running, and the stream live.</summary>
[CollectionDefinition(nameof(RunningCluster), DisableParallelization = true)]
public sealed class RunningCluster : IAsyncLifetime, ICollectionFixture<RunningCluster>
{
    /// <summary>The stream that is live.</summary>
    public const string Stream = "studio";

    private readonly HttpClient _http = CheckingViewer.CreateClient();

    public Cluster Cluster { get; private set; } = null!;

    public TestEncoder Encoder { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Cluster = await Cluster.StartAsync(new ClusterPlan { Settings = ["--logging.level", "warning", .. MirrorServer.AnySpeed] });
        StartEncoder();
    }

    public async ValueTask DisposeAsync()
    {
        await Encoder.DisposeAsync();
        await Cluster.DisposeAsync();
        _http.Dispose();
    }

    /// <summary>Every process runs as it did at the start, and the stream is pushed: a test that failed may have left it otherwise.</summary>
    public async Task RepairAsync()
    {
        foreach (ClusterProcess backend in new[] { Cluster.Redis, Cluster.Blob, Cluster.Topic }) { backend.Repair(); }
        await Cluster.WaitForBackendsAsync();
        foreach (ClusterNode node in Cluster.Nodes) { node.Process.Repair(); }
        await Task.WhenAll(Cluster.Nodes.Select(node => Cluster.WaitUntilReadyAsync(node)));
        if (!Encoder.IsPushing) { StartEncoder(); }
    }

    /// <summary>Pushes the live stream.</summary>
    public void StartEncoder() => Encoder = new TestEncoder(Stream, Cluster.SrtPortsFor(0), "640x360", 25);

    /// <summary>Ends the live stream, where a test needs the nodes for itself; <see cref="StartEncoder"/> brings it back.</summary>
    public async Task StopEncoderAsync()
    {
        await Eventually.TrueAsync(async () => await GetAsync($"api/v1/streams/{Stream}") is not null, $"{Stream} is live");
        await Encoder.DisposeAsync();
        await DeleteAsync($"api/v1/streams/{Stream}");
        await Eventually.TrueAsync(async () => await GetAsync($"api/v1/streams/{Stream}") is null, $"{Stream} is gone");
    }

    /// <summary>A viewer for each rendition, half of them at each origin, once there are three.</summary>
    public async Task<List<CheckingViewer>> ViewersAsync(string stream)
    {
        Uri[] origins = [.. Cluster.Of(NodeKind.Origin).Select(node => node.Http)];
        string[] renditions = [];
        await Eventually.TrueAsync(async () =>
        {
            string playlist = await TryGetTextAsync(new Uri(origins[0], $"live/{stream}/playlist.m3u8"));
            renditions = [.. playlist.Split('\n', '"').Where(word => word.EndsWith("/playlist.m3u8", StringComparison.Ordinal)).Select(word => word.Split('/')[^2]).Distinct(StringComparer.Ordinal)];
            return renditions.Contains("source") && renditions.Contains("360p");
        }, $"all renditions of {stream} are there");
        // A stream that an earlier test ended is over at an origin until that has heard of the new one.
        await Eventually.TrueAsync(async () =>
        {
            foreach (Uri playlist in origins.SelectMany(origin => renditions.Select(rendition => new Uri(origin, $"live/{stream}/{rendition}/playlist.m3u8"))))
            {
                string text = await TryGetTextAsync(playlist);
                if (text.Length == 0 || text.Contains("#EXT-X-ENDLIST", StringComparison.Ordinal)) { return false; }
            }
            return true;
        }, $"{stream} is live at every origin");
        return [.. renditions.Select((rendition, index) => new CheckingViewer(stream, rendition, index % 2 == 0 ? origins : origins.Reverse(), _http))];
    }

    /// <summary>An answer of the control API, asked at an origin.</summary>
    public async Task<JsonNode?> GetAsync(string path, ClusterNode? origin = null)
    {
        string text = await TryGetTextAsync(new Uri((origin ?? Cluster.Of(NodeKind.Origin).First()).Http, path));
        return text.Length == 0 ? null : JsonNode.Parse(text);
    }

    /// <summary>A call of the control API that changes something, made at an origin.</summary>
    public async Task SendAsync(HttpMethod method, string path)
    {
        using var request = new HttpRequestMessage(method, new Uri(Cluster.Of(NodeKind.Origin).First().Http, path));
        using HttpResponseMessage response = await _http.SendAsync(request);
        response.EnsureSuccessStatusCode();
    }

    /// <summary>The bytes at a path of an origin.</summary>
    public Task<byte[]> DownloadAsync(string path, ClusterNode origin)
    {
        ArgumentNullException.ThrowIfNull(origin);
        return _http.GetByteArrayAsync(new Uri(origin.Http, path));
    }

    /// <summary>A stream's picture, asked at an origin.</summary>
    public async Task<byte[]?> GetImageAsync(string stream, ClusterNode origin)
    {
        using HttpResponseMessage response = await _http.GetAsync(new Uri(origin.Http, $"api/v1/streams/{stream}/iframe"));
        return response.IsSuccessStatusCode ? await response.Content.ReadAsByteArrayAsync() : null;
    }

    /// <summary>Makes a webhook, asked for at an origin.</summary>
    public async Task<string> CreateHookAsync(object hook)
    {
        using HttpResponseMessage response = await _http.PostAsJsonAsync(new Uri(Cluster.Of(NodeKind.Origin).First().Http, "api/v1/hooks"), hook);
        response.EnsureSuccessStatusCode();
        await Task.WhenAll(Cluster.Of(NodeKind.Functions).Select(node => Eventually.TrueAsync(async () => (await GetAsync("api/v1/hooks", node))?["hooks"] is JsonArray { Count: > 0 }, $"{node.Name} knows the webhook")));
        return (string)(await response.Content.ReadFromJsonAsync<JsonNode>())!["id"]!;
    }

    /// <summary>Removes something, asked for at an origin.</summary>
    public async Task DeleteAsync(string path)
    {
        using HttpResponseMessage response = await _http.DeleteAsync(new Uri(Cluster.Of(NodeKind.Origin).First().Http, path));
        response.EnsureSuccessStatusCode();
    }

    /// <summary>Records the live stream, without what an earlier test recorded of it.</summary>
    public async Task RecordAsync()
    {
        foreach (JsonNode? earlier in (await GetAsync($"api/v1/recordings?stream={Stream}"))!["recordings"]!.AsArray()) { await DeleteAsync($"api/v1/recordings/{Stream}/{earlier!["id"]}"); }
        await SendAsync(HttpMethod.Post, $"api/v1/streams/{Stream}/record");
    }

    /// <summary>Waits until the stream's one recording is as it should be.</summary>
    public async Task<JsonNode> RecordingAsync(string stream, Func<JsonNode, bool> condition, string what)
    {
        JsonNode? found = null;
        try
        {
            await Eventually.TrueAsync(async () =>
            {
                found = (await GetAsync($"api/v1/recordings?stream={stream}"))?["recordings"]!.AsArray().SingleOrDefault();
                return found is not null && condition(found);
            }, what);
        }
        catch (TimeoutException error)
        {
            Cluster.KeepsFolder = true;
            using HttpResponseMessage answer = await _http.GetAsync(new Uri(Cluster.Of(NodeKind.Origin).First().Http, $"api/v1/recordings?stream={stream}"));
            throw new TimeoutException($"{error.Message} The answer is {(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync()}. What each node wrote: {Cluster.Folder}", error);
        }
        return found!;
    }

    /// <summary>Segments of the source in a recording.</summary>
    public static int SegmentsOf(JsonNode recording)
    {
        ArgumentNullException.ThrowIfNull(recording);
        return recording["renditions"]!.AsArray().Where(rendition => (string?)rendition!["name"] == "source").Sum(rendition => (int)rendition!["segments"]!);
    }

    /// <summary>Fetches all of a stream's recording from every origin, each of which has all of it, without a hole.</summary>
    public async Task<IReadOnlyList<CheckedRendition>> CheckRecordingAsync(string stream, ITestOutputHelper output)
    {
        IReadOnlyList<CheckedRendition>? first = null;
        foreach (ClusterNode origin in Cluster.Of(NodeKind.Origin))
        {
            var check = new RecordingCheck(origin.Http, _http);
            await check.RunAsync(stream, output.WriteLine, CancellationToken.None);
            Assert.Empty(check.Violations);
            Assert.Equal(first ??= check.Renditions, check.Renditions);
        }
        Assert.NotEmpty(first!);
        return first!;
    }

    /// <summary>Starts a node that was killed, or ends one that runs and starts it again; with further command-line words for this time.</summary>
    public async Task RestartAsync(ClusterNode node, params string[] settings)
    {
        ArgumentNullException.ThrowIfNull(node);
        await node.Process.KillAsync();
        node.Process.Start(settings);
        await Cluster.WaitUntilReadyAsync(node);
    }

    private async Task<string> TryGetTextAsync(Uri uri)
    {
        try
        {
            using HttpResponseMessage response = await _http.GetAsync(uri);
            return response.IsSuccessStatusCode ? await response.Content.ReadAsStringAsync() : "";
        }
        catch (HttpRequestException) { return ""; }
    }
}
