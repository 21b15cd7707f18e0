using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Mirror.EndToEnd.Media;
using Mirror.Functions.Tests.Hooks;
using Mirror.LocalCluster;
using Mirror.Streams.Events;

namespace Mirror.EndToEnd.Hooks;

/// <summary>A receiver hears of a stream's life from a server that is a process of its own, and crashes.</summary>
public sealed class HookTests : IAsyncLifetime
{
    private const string Secret = "a-secret-of-some-length";
    private readonly string _folder = Directory.CreateTempSubdirectory("mirror-hooks-").FullName;
    private readonly int _httpPort = FreePorts.Take();
    private readonly int _srtPort = FreePorts.Take();
    private HookReceiver _receiver = null!;
    private ClusterProcess _server = null!;
    private HttpClient _client = null!;

    public async ValueTask InitializeAsync()
    {
        _receiver = await HookReceiver.StartAsync();
        _client = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{_httpPort}/") };
        _server = new ClusterProcess("mirror", _folder, Program, [
            "--server.https_port", "0", "--server.https_address", "127.0.0.1", "--server.http_port", $"{_httpPort}", "--ingestion.srt.port", $"{_srtPort}", "--ingestion.srt.address", "127.0.0.1",
            "--store.directory", Path.Combine(_folder, "segments"), "--documents.directory", Path.Combine(_folder, "documents"), "--server.certificate.directory", Path.Combine(_folder, "certs"),
            "--hooks.dead_letter", Path.Combine(_folder, "dead-letter.jsonl"), "--events.file", EventFile, "--ingestion.srt.peer_idle_timeout", "1s"]);
        await StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _client.Dispose();
        await _receiver.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task A_receiver_hears_of_a_streams_life_in_order_and_a_crash_loses_nothing_that_waited()
    {
        using HttpResponseMessage created = await _client.PostAsJsonAsync("api/v1/hooks", new { url = _receiver.Url, secret = Secret, streams = new[] { "cam" }, metadata = new { site = "berlin" } });
        string id = (string)(await created.Content.ReadFromJsonAsync<JsonNode>())!["id"]!;
        string file = await (new TestMedia("libx264", "30", 0.5, 0) { Seconds = 4, Size = "640x360" }).MakeAsync();
        await using (Tool push = Push(file))
        {
            await ToldAsync(EventTypes.StreamStarted, EventTypes.StreamReady, EventTypes.RenditionUp);
            _receiver.Answer = (_, _, context) => HookReceiver.Status(context, 503);
        }
        await Eventually.TrueAsync(async () => await FigureAsync(id, "waiting") > 0 && _receiver.Requests.Any(request => request.Status == 503), "an event waits for the receiver");
        string waiting = _receiver.Requests.First(request => request.Status == 503).Delivery;
        await _server.KillAsync();
        _receiver.Answer = (_, _, context) => HookReceiver.Status(context, 204);
        await StartAsync();
        await ToldAsync(EventTypes.StreamDegraded);
        Assert.Contains(_receiver.Requests, request => request.Status == 204 && request.Delivery == waiting);

        int before = Told().Length;
        await using (Tool push = Push(file))
        {
            await Eventually.TrueAsync(() => Told().Skip(before).Contains(EventTypes.RenditionUp), "the stream begins again");
            using HttpResponseMessage stopped = await _client.DeleteAsync("api/v1/streams/cam");
            await Eventually.TrueAsync(() => Told().Contains(EventTypes.StreamEnded), "the stream ends");
        }
        string[] again = [.. Told().Skip(before).Where(type => type.StartsWith("stream.", StringComparison.Ordinal))];
        Assert.Equal((EventTypes.StreamStarted, EventTypes.StreamReady, EventTypes.StreamEnded), (again[0], again[1], again[^1]));
        Assert.All(_receiver.Requests, request => Assert.True(request.IsSigned(Secret, DateTimeOffset.UtcNow, TimeSpan.FromMinutes(5))));
        Assert.All(_receiver.Requests, request => Assert.Equal(("berlin", "cam"), ((string)request.Json["site"]!, (string)request.Json["data"]!["stream"]!)));
        await Eventually.TrueAsync(async () => await FigureAsync(id, "waiting") == 0, "nothing waits");
        Assert.Equal(0, await FigureAsync(id, "dead"));
        string[] written = [.. (await File.ReadAllLinesAsync(EventFile)).Select(line => (string)JsonNode.Parse(line)!["id"]!)];
        Assert.Superset(_receiver.Requests.Select(request => (string)request.Json["id"]!).ToHashSet(), written.ToHashSet());
    }

    private static string Program => Path.Combine(Repository.Root, "Mirror.Standalone", "bin", Path.GetFileName(Path.GetDirectoryName(AppContext.BaseDirectory.TrimEnd('/'))!), "net10.0", "Mirror.Standalone");

    private string EventFile => Path.Combine(_folder, "events.jsonl");

    private async Task StartAsync()
    {
        _server.Start();
        await Eventually.TrueAsync(async () =>
        {
            try
            {
                using HttpResponseMessage ready = await _client.GetAsync("ready");
                return ready.IsSuccessStatusCode;
            }
            catch (HttpRequestException) { return false; }
        }, "the server is ready");
    }

    /// <summary>The types of the events that were taken, in order.</summary>
    private string[] Told() => [.. _receiver.Requests.Where(request => request.Status == 204).Select(request => (string)request.Json["type"]!)];

    private Task ToldAsync(params string[] types) => Eventually.TrueAsync(() => types.All(Told().Contains), $"{string.Join(", ", types)} are told");

    private async Task<int> FigureAsync(string id, string name) => (int)(await _client.GetFromJsonAsync<JsonNode>($"api/v1/hooks/{id}"))!["deliveries"]![name]!;

    private Tool Push(string file) => Tool.Start("ffmpeg", $"-v error -stream_loop -1 -re -i {file} -map 0 -c copy -f mpegts", $"srt://127.0.0.1:{_srtPort}?streamid=cam&pkt_size=1316");
}
