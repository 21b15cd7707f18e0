using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Mirror.Streams.Registry;

namespace Mirror.Functions.Tests.Control;

/// <summary>The control API over HTTP, on a registry that a test fills.</summary>
public sealed class ControlApiTests : IAsyncLifetime
{
    private ControlServer _server = null!;

    private HttpClient Client => _server.Client;

    public async ValueTask InitializeAsync() => _server = await ControlServer.StartAsync(transcoder: null);

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task A_stream_has_every_field_of_the_contract()
    {
        await _server.PutAsync("studio", StreamStatus.Active);
        JsonObject stream = (await Client.GetFromJsonAsync<JsonObject>("api/v1/streams/studio"))!;
        foreach (string field in new[] { "id", "type", "source_addr", "status", "created_at", "last_heartbeat", "video_codec", "resolution", "bitrate", "frame_rate", "stats" }) { Assert.Contains(field, stream); }
        JsonObject stats = stream["stats"]!.AsObject();
        foreach (string field in new[] { "bytes_received", "packets_received", "packets_lost", "bitrate", "frame_buffer_stats", "connection_stats" }) { Assert.Contains(field, stats); }
        Assert.Equal("1920x1080", (string?)stream["resolution"]);
        Assert.Equal("active", (string?)stream["status"]);
        JsonObject frames = (await Client.GetFromJsonAsync<JsonObject>("api/v1/streams/studio/stats"))!["stats"]!["frame_buffer_stats"]!.AsObject();
        foreach (string field in new[] { "capacity", "used", "available", "frames_assembled", "frames_dropped", "queue_pressure", "keyframes", "p_frames", "b_frames" }) { Assert.Contains(field, frames); }
        JsonObject connection = stats["connection_stats"]!.AsObject();
        foreach (string field in new[] { "packets_lost", "packets_retrans", "rtt_ms", "bandwidth_mbps", "delivery_delay_ms", "connection_time_ms" }) { Assert.Contains(field, connection); }
    }

    [Theory]
    [InlineData("", "a,b,c", 3)]
    [InlineData("?limit=2", "a,b", 3)]
    [InlineData("?limit=2&offset=2", "c", 3)]
    [InlineData("?status=active", "a,c", 2)]
    [InlineData("?status=DEGRADED", "b", 1)]
    [InlineData("?type=rtp", "", 0)]
    [InlineData("?limit=0", "", 3)]
    public async Task The_list_is_filtered_and_paged(string query, string names, int count)
    {
        await _server.PutAsync("c", StreamStatus.Active);
        await _server.PutAsync("a", StreamStatus.Active);
        await _server.PutAsync("b", StreamStatus.Degraded);
        JsonNode list = (await Client.GetFromJsonAsync<JsonNode>("api/v1/streams" + query))!;
        Assert.Equal(names, string.Join(',', list["streams"]!.AsArray().Select(stream => (string?)stream!["id"])));
        Assert.Equal(count, (int)list["count"]!);
    }

    [Fact]
    public async Task A_stream_whose_node_is_gone_is_degraded_whatever_it_said_last()
    {
        var silence = TimeSpan.FromSeconds(10);
        await _server.PutAsync("alone", StreamStatus.Active, silence: silence);              // a single process
        await _server.PutAsync("gone", StreamStatus.Active, node: "ingest-1", silence: silence);
        await _server.PutAsync("late", StreamStatus.Active, node: "ingest-2", silence: silence);
        await _server.PutAsync("live", StreamStatus.Active, node: "ingest-1");
        await _server.Registry.PutNodeAsync(new NodeRecord { Id = "ingest-2", Roles = ["ingest"], Address = new Uri("http://127.0.0.1:81/"), StartedAt = DateTime.UtcNow, LastHeartbeat = DateTime.UtcNow }, default);
        JsonArray streams = (await Client.GetFromJsonAsync<JsonNode>("api/v1/streams"))!["streams"]!.AsArray();
        Assert.Equal(["active", "degraded", "active", "active"], streams.Select(stream => (string?)stream!["status"]));
        JsonNode gone = (await Client.GetFromJsonAsync<JsonNode>("api/v1/streams/gone"))!;
        Assert.Equal(("degraded", 0), ((string?)gone["status"], (int)gone["bitrate"]!));
        Assert.Contains("ingest-1 is gone", (string?)gone["status_reason"], StringComparison.Ordinal);
        Assert.Equal("active", (string?)(await Client.GetFromJsonAsync<JsonNode>("api/v1/streams/late"))!["status"]);
        Assert.Equal(3, (int)(await Client.GetFromJsonAsync<JsonNode>("api/v1/stats"))!["active_streams"]!);
    }

    [Theory]
    [InlineData("GET", "api/v1/streams/none", HttpStatusCode.NotFound)]
    [InlineData("GET", "api/v1/streams/none/stats", HttpStatusCode.NotFound)]
    [InlineData("DELETE", "api/v1/streams/none", HttpStatusCode.NotFound)]
    [InlineData("GET", "api/v1/streams/-bad-", HttpStatusCode.NotFound)]
    [InlineData("GET", "api/v1/nothing", HttpStatusCode.NotFound)]
    [InlineData("POST", "api/v1/streams", HttpStatusCode.MethodNotAllowed)]
    [InlineData("GET", "api/v1/streams?limit=-1", HttpStatusCode.BadRequest)]
    [InlineData("GET", "api/v1/streams?limit=1001", HttpStatusCode.BadRequest)]
    [InlineData("GET", "api/v1/streams?limit=many", HttpStatusCode.BadRequest)]
    [InlineData("GET", "api/v1/streams?offset=99999999999", HttpStatusCode.BadRequest)]
    [InlineData("GET", "api/v1/streams?status=flying", HttpStatusCode.BadRequest)]
    public async Task Every_failure_has_the_error_body(string method, string path, HttpStatusCode expected)
    {
        using HttpResponseMessage response = await Client.SendAsync(new HttpRequestMessage(new HttpMethod(method), path));
        Assert.Equal(expected, response.StatusCode);
        JsonObject body = (await response.Content.ReadFromJsonAsync<JsonObject>())!;
        Assert.Equal(["error", "message", "time"], body.Select(field => field.Key));
    }

    [Fact]
    public async Task Deleting_a_stream_tells_its_owner()
    {
        await _server.PutAsync("studio", StreamStatus.Active);
        var commands = new List<StreamCommand>();
        using IDisposable subscription = _server.Registry.Subscribe(commands.Add);
        using HttpResponseMessage response = await Client.DeleteAsync("api/v1/streams/studio");
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(["message", "timestamp"], (await response.Content.ReadFromJsonAsync<JsonObject>())!.Select(field => field.Key));
        Assert.Equal([new StreamCommand("studio", StreamAction.Stop)], commands);
    }

    [Fact]
    public async Task Totals_add_up()
    {
        await _server.PutAsync("a", StreamStatus.Active);
        await _server.PutAsync("b", StreamStatus.Degraded);
        JsonObject stats = (await Client.GetFromJsonAsync<JsonObject>("api/v1/stats"))!;
        Assert.Equal(2, (int)stats["total_streams"]!);
        Assert.Equal(1, (int)stats["active_streams"]!);
        Assert.Equal(10_000_000, (long)stats["total_bitrate"]!);
        Assert.InRange((double)stats["cpu_usage"]!, 0, 1);
        Assert.True((long)stats["memory_usage"]! > 1 << 20);
        Assert.True((double)stats["uptime"]! > 0);
    }

    [Fact]
    public async Task Where_others_listen_their_port_is_told()
    {
        await _server.Registry.PutNodeAsync(new NodeRecord { Id = "ingest-1", Roles = ["ingest"], Address = new Uri("http://10.0.0.7:8081"), StartedAt = DateTime.UtcNow, LastHeartbeat = DateTime.UtcNow, SrtPort = 30_007 }, default);
        JsonObject stats = (await Client.GetFromJsonAsync<JsonObject>("api/v1/stats"))!;
        Assert.Equal((30_007, true), ((int)stats["srt_port"]!, (bool)stats["srt_enabled"]!));
    }

    [Fact]
    public async Task The_api_is_described()
    {
        JsonNode document = (await Client.GetFromJsonAsync<JsonNode>("openapi/v1.json"))!;
        foreach (string path in new[] { "/api/v1/streams", "/api/v1/streams/{id}", "/api/v1/streams/{id}/stats", "/api/v1/streams/{id}/iframe", "/api/v1/transcoder/capabilities", "/api/v1/stats" }) { Assert.NotNull(document["paths"]![path]); }
        using HttpResponseMessage page = await Client.GetAsync("docs/index.html");
        Assert.Contains("swagger", await page.Content.ReadAsStringAsync(), StringComparison.OrdinalIgnoreCase);
    }
}
