using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Mirror.Functions.Tests.Control;
using Mirror.Origin.Tests.Publishing;
using Mirror.Streams.Announcements;
using Mirror.Streams.Store;

namespace Mirror.Functions.Tests.Dvr;

/// <summary>Recordings over HTTP, with the recorder that the server runs.</summary>
public sealed class RecordingApiTests : IAsyncLifetime
{
    private ControlServer _server = null!;
    private TestRendition _video = null!;

    private HttpClient Client => _server.Client;

    public async ValueTask InitializeAsync()
    {
        _server = await ControlServer.StartAsync(transcoder: null);
        _video = new TestRendition(_server.Services.GetRequiredService<IAnnouncements>(), _server.Services.GetRequiredService<ISegmentStore>(), new RenditionKey("cam", "source"), isVideo: true, TimeSpan.FromMilliseconds(100), 5)
        {
            ProgramTime = DateTime.UtcNow.AddSeconds(1),
        };
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task A_stream_is_recorded_on_request_listed_completed_and_deleted()
    {
        (await Client.PostAsync("api/v1/streams/cam/record", null)).EnsureSuccessStatusCode();
        _video.Start().Init().Segments(4);
        JsonNode running = await UntilAsync("recording");
        Assert.Equal("cam", (string?)running["stream"]);
        Assert.Equal("source", (string?)running["renditions"]![0]!["name"]);
        string id = (string)running["id"]!;
        Assert.Equal($"/dvr/cam/{id}/playlist.m3u8", (string?)running["playlist"]);
        using HttpResponseMessage tooSoon = await Client.DeleteAsync($"api/v1/recordings/cam/{id}");
        Assert.Equal(HttpStatusCode.Conflict, tooSoon.StatusCode);

        (await Client.DeleteAsync("api/v1/streams/cam/record")).EnsureSuccessStatusCode();
        JsonNode complete = await UntilAsync("complete");
        Assert.Equal(2.0, (double)complete["duration_seconds"]!);
        Assert.True((long)complete["bytes"]! > 1000);
        foreach (string field in new[] { "id", "stream", "status", "started_at", "ended_at", "duration_seconds", "bytes", "playlist", "renditions", "gaps" }) { Assert.Contains(field, complete.AsObject()); }
        Assert.Equal(id, (string?)(await Client.GetFromJsonAsync<JsonNode>($"api/v1/recordings/cam/{id}"))!["id"]);

        (await Client.DeleteAsync($"api/v1/recordings/cam/{id}")).EnsureSuccessStatusCode();
        Assert.Equal(0, (int)(await Client.GetFromJsonAsync<JsonNode>("api/v1/recordings"))!["count"]!);
        using HttpResponseMessage gone = await Client.GetAsync($"api/v1/recordings/cam/{id}");
        Assert.Equal(HttpStatusCode.NotFound, gone.StatusCode);
    }

    [Theory]
    [InlineData("GET", "api/v1/recordings/cam/none", HttpStatusCode.NotFound)]
    [InlineData("DELETE", "api/v1/recordings/cam/none", HttpStatusCode.NotFound)]
    [InlineData("GET", "api/v1/recordings/..%2F..%2Fx/y", HttpStatusCode.NotFound)]
    [InlineData("GET", "api/v1/recordings?stream=-bad", HttpStatusCode.BadRequest)]
    [InlineData("GET", "api/v1/recordings?status=odd", HttpStatusCode.BadRequest)]
    [InlineData("GET", "api/v1/recordings?limit=1001", HttpStatusCode.BadRequest)]
    [InlineData("POST", "api/v1/streams/-bad/record", HttpStatusCode.BadRequest)]
    [InlineData("PUT", "api/v1/streams/cam/record", HttpStatusCode.MethodNotAllowed)]
    public async Task A_request_that_cannot_be_met_says_why(string method, string path, HttpStatusCode status)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        using HttpResponseMessage answer = await Client.SendAsync(request);
        Assert.Equal(status, answer.StatusCode);
        JsonNode body = (await answer.Content.ReadFromJsonAsync<JsonNode>())!;
        Assert.NotEmpty((string)body["error"]!);
        Assert.NotEmpty((string)body["message"]!);
    }

    [Fact]
    public async Task The_description_has_them()
    {
        JsonObject paths = (await Client.GetFromJsonAsync<JsonNode>("openapi/v1.json"))!["paths"]!.AsObject();
        Assert.Equal(["get"], paths["/api/v1/recordings"]!.AsObject().Select(method => method.Key));
        Assert.Equal(["delete", "get"], paths["/api/v1/recordings/{stream}/{recording}"]!.AsObject().Select(method => method.Key).Order());
        Assert.Equal(["delete", "post"], paths["/api/v1/streams/{id}/record"]!.AsObject().Select(method => method.Key).Order());
    }

    private async Task<JsonNode> UntilAsync(string status)
    {
        var patience = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        while (true)
        {
            JsonNode list = (await Client.GetFromJsonAsync<JsonNode>($"api/v1/recordings?stream=cam&status={status}", patience.Token))!;
            JsonNode? found = list["recordings"]!.AsArray().SingleOrDefault(recording => recording!["renditions"]!.AsArray().Any(rendition => (int)rendition!["segments"]! == 4));
            if (found is not null) { return found; }
            await Task.Delay(20, patience.Token);
        }
    }
}
