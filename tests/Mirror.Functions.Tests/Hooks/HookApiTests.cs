using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;

namespace Mirror.Functions.Tests.Hooks;

/// <summary>Webhooks are made, read, changed, removed and tested through the API.</summary>
public sealed class HookApiTests : IAsyncLifetime
{
    private const string Secret = "a-secret-of-some-length";
    private readonly string _folder = Directory.CreateTempSubdirectory("mirror-hooks-").FullName;
    private HookServer _server = null!;

    public async ValueTask InitializeAsync() => _server = await HookServer.StartAsync(_folder);

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task A_webhook_is_made_read_changed_and_removed_and_never_shows_its_secrets()
    {
        var asked = new
        {
            url = "https://example.org/hook",
            secret = Secret,
            events = new[] { "stream.*", "failover" },
            streams = new[] { "studio", "cam-*" },
            metadata = new Dictionary<string, string> { ["site"] = "berlin" },
            headers = new Dictionary<string, string> { ["Authorization"] = "Bearer hidden-token" },
            max_batch = 10,
            max_delay_ms = 500,
        };
        using HttpResponseMessage created = await _server.Client.PostAsJsonAsync("api/v1/hooks", asked);
        Assert.Equal(HttpStatusCode.Created, created.StatusCode);
        string text = await created.Content.ReadAsStringAsync();
        JsonNode hook = JsonNode.Parse(text)!;
        string id = (string)hook["id"]!;
        Assert.Equal($"/api/v1/hooks/{id}", created.Headers.Location!.ToString());
        Assert.Equal(("https://example.org/hook", true, true, 10, 500), ((string)hook["url"]!, (bool)hook["enabled"]!, (bool)hook["signed"]!, (int)hook["max_batch"]!, (int)hook["max_delay_ms"]!));
        Assert.Equal("""["stream.*","failover"]""", hook["events"]!.ToJsonString());
        Assert.Equal("""["Authorization"]""", hook["header_names"]!.ToJsonString());

        using HttpResponseMessage changed = await _server.Client.PutAsJsonAsync($"api/v1/hooks/{id}", new { url = "http://example.org/other", enabled = false });
        text += await changed.Content.ReadAsStringAsync();
        hook = await _server.HookAsync(id);
        Assert.Equal(("http://example.org/other", false, true, 1, 1), ((string)hook["url"]!, (bool)hook["enabled"]!, (bool)hook["signed"]!, (int)hook["max_batch"]!, hook["header_names"]!.AsArray().Count));
        Assert.Empty(hook["events"]!.AsArray());

        using HttpResponseMessage unsigned = await _server.Client.PutAsJsonAsync($"api/v1/hooks/{id}", new { url = "http://example.org/other", secret = "", headers = new { } });
        hook = await _server.HookAsync(id);
        Assert.Equal((false, 0), ((bool)hook["signed"]!, hook["header_names"]!.AsArray().Count));
        text += hook.ToJsonString() + await _server.Client.GetStringAsync("api/v1/hooks");
        Assert.DoesNotContain(Secret, text, StringComparison.Ordinal);
        Assert.DoesNotContain("hidden-token", text, StringComparison.Ordinal);

        using HttpResponseMessage removed = await _server.Client.DeleteAsync($"api/v1/hooks/{id}");
        Assert.Equal(["message", "timestamp"], (await removed.Content.ReadFromJsonAsync<JsonObject>())!.Select(field => field.Key));
        using HttpResponseMessage gone = await _server.Client.GetAsync($"api/v1/hooks/{id}");
        Assert.Equal(HttpStatusCode.NotFound, gone.StatusCode);
    }

    [Fact]
    public async Task Webhooks_are_listed_from_the_oldest_and_are_a_hundred_at_most()
    {
        List<string> ids = [];
        for (int i = 0; i < 100; i++)
        {
            ids.Add(await _server.CreateAsync(new { url = $"http://example.org/{i}" }));
            _server.Time.Advance(TimeSpan.FromMilliseconds(1));
        }
        JsonNode list = (await _server.Client.GetFromJsonAsync<JsonNode>("api/v1/hooks"))!;
        Assert.Equal(100, (int)list["count"]!);
        Assert.Equal(ids, list["hooks"]!.AsArray().Select(hook => (string)hook!["id"]!));
        using HttpResponseMessage oneMore = await _server.Client.PostAsJsonAsync("api/v1/hooks", new { url = "http://example.org/" });
        Assert.Equal(HttpStatusCode.Conflict, oneMore.StatusCode);
    }

    [Theory]
    [InlineData("{}", "url is an address")]
    [InlineData("""{"url":"ftp://example.org/"}""", "url is an address")]
    [InlineData("""{"url":"/relative"}""", "url is an address")]
    [InlineData("""{"url":"http://user:password@example.org/"}""", "put them into headers")]
    [InlineData("""{"url":"http://example.org/","secret":"short"}""", "secret has 16 to 256")]
    [InlineData("""{"url":"http://example.org/","secret":"line\nbreak-and-more-of-it"}""", "secret has 16 to 256")]
    [InlineData("""{"url":"http://example.org/","events":["stream.started","stream.start"]}""", "there is no event 'stream.start'. There are stream.started, stream.ready")]
    [InlineData("""{"url":"http://example.org/","events":["viewer.*"]}""", "there is no event 'viewer.*'")]
    [InlineData("""{"url":"http://example.org/","events":[null]}""", "there is no event ''")]
    [InlineData("""{"url":"http://example.org/","streams":["a b"]}""", "streams: 'a b' is neither")]
    [InlineData("""{"url":"http://example.org/","streams":[null]}""", "streams: '' is neither")]
    [InlineData("""{"url":"http://example.org/","metadata":{"Customer":"7"}}""", "metadata: 'Customer' is no name")]
    [InlineData("""{"url":"http://example.org/","metadata":{"subject":"7"}}""", "metadata: 'subject' is no name")]
    [InlineData("""{"url":"http://example.org/","metadata":{"site":null}}""", "metadata: site is a text")]
    [InlineData("""{"url":"http://example.org/","headers":{"Content-Type":"text/plain"}}""", "headers: 'Content-Type' is no header that may be given")]
    [InlineData("""{"url":"http://example.org/","headers":{"mirror-signature":"x"}}""", "headers: 'mirror-signature' is no header that may be given")]
    [InlineData("""{"url":"http://example.org/","headers":{"X-A":"a\r\nX-B: b"}}""", "headers: X-A has")]
    [InlineData("""{"url":"http://example.org/","max_batch":101}""", "max_batch is a whole number from 1 to 100")]
    [InlineData("""{"url":"http://example.org/","max_batch":"many"}""", "at $.max_batch")]
    [InlineData("""{"url":"http://example.org/","max_delay_ms":60001}""", "max_delay_ms is a whole number")]
    [InlineData("""{"url":"http://example.org/","event":["*"]}""", "whose fields are url, secret")]
    [InlineData("""["http://example.org/"]""", "whose fields are url, secret")]
    [InlineData("null", "a JSON object")]
    [InlineData("{", "The body is no webhook")]
    public async Task What_is_wrong_is_said(string body, string message)
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using HttpResponseMessage response = await _server.Client.PostAsync("api/v1/hooks", content);
        JsonObject error = (await response.Content.ReadFromJsonAsync<JsonObject>())!;
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal(["error", "message", "time"], error.Select(field => field.Key));
        Assert.Contains(message, (string)error["message"]!, StringComparison.Ordinal);
        Assert.Equal(0, (int)(await _server.Client.GetFromJsonAsync<JsonNode>("api/v1/hooks"))!["count"]!);
    }

    [Theory]
    [InlineData("GET", "api/v1/hooks/none", HttpStatusCode.NotFound)]
    [InlineData("PUT", "api/v1/hooks/none", HttpStatusCode.NotFound)]
    [InlineData("DELETE", "api/v1/hooks/none", HttpStatusCode.NotFound)]
    [InlineData("POST", "api/v1/hooks/none/test", HttpStatusCode.NotFound)]
    [InlineData("GET", "api/v1/hooks/..%2Fother", HttpStatusCode.NotFound)]
    [InlineData("GET", "api/v1/hooks/.hidden", HttpStatusCode.NotFound)]
    [InlineData("PATCH", "api/v1/hooks", HttpStatusCode.MethodNotAllowed)]
    public async Task Every_failure_has_the_error_body(string method, string path, HttpStatusCode expected)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path) { Content = method == "PUT" ? JsonContent.Create(new { url = "http://example.org/" }) : null };
        using HttpResponseMessage response = await _server.Client.SendAsync(request);
        Assert.Equal(expected, response.StatusCode);
        Assert.Equal(["error", "message", "time"], (await response.Content.ReadFromJsonAsync<JsonObject>())!.Select(field => field.Key));
    }

    [Fact]
    public async Task A_test_tells_what_the_receiver_answered()
    {
        await using HookReceiver receiver = await HookReceiver.StartAsync();
        receiver.Answer = async (number, _, context) =>
        {
            context.Response.StatusCode = number == 0 ? 200 : 500;
            await context.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(new string('x', number == 0 ? 10 : 100_000)));
        };
        string id = await _server.CreateAsync(new { url = receiver.Url, secret = Secret, enabled = false, events = new[] { "failover" }, metadata = new { site = "berlin" } });
        JsonNode good = await TestAsync(id);
        Assert.Equal((true, 200, "xxxxxxxxxx"), ((bool)good["delivered"]!, (int)good["status"]!, (string)good["body"]!));
        JsonNode bad = await TestAsync(id);
        Assert.Equal((false, 500, 1024), ((bool)bad["delivered"]!, (int)bad["status"]!, ((string)bad["body"]!).Length));
        Assert.StartsWith("answered 500", (string)bad["error"]!, StringComparison.Ordinal);
        Received sent = receiver.Requests.First();
        Assert.Equal(("test", id, "berlin", (string)good["delivery"]!), ((string)sent.Json["type"]!, (string)sent.Json["data"]!["hook"]!, (string)sent.Json["site"]!, sent.Delivery));
        Assert.True(sent.IsSigned(Secret, _server.Time.GetUtcNow(), TimeSpan.FromMinutes(5)));
        Assert.False(sent.IsSigned("another-secret-of-some-length", _server.Time.GetUtcNow(), TimeSpan.FromMinutes(5)));
    }

    [Fact]
    public async Task A_test_of_nobody_says_so()
    {
        JsonNode answer = await TestAsync(await _server.CreateAsync(new { url = "http://127.0.0.1:1/" }));
        Assert.Equal((false, 0), ((bool)answer["delivered"]!, (int)answer["status"]!));
        Assert.Contains("refused", (string)answer["error"]!, StringComparison.Ordinal);
    }

    [Theory, InlineData("http://127.0.0.1:81/"), InlineData("http://localhost/"), InlineData("https://[::1]/"), InlineData("http://10.1.2.3/"), InlineData("http://169.254.169.254/latest")]
    public async Task Private_receivers_are_refused_where_that_is_configured(string url)
    {
        await using HookServer strict = await HookServer.StartAsync(Path.Combine(_folder, "strict"), null, "--hooks.allow_private", "false");
        using HttpResponseMessage refused = await strict.Client.PostAsJsonAsync("api/v1/hooks", new { url });
        Assert.Contains("hooks.allow_private", await refused.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_address_at_which_clouds_keep_credentials_is_never_reached()
    {
        JsonNode answer = await TestAsync(await _server.CreateAsync(new { url = "http://169.254.169.254/latest" }));
        Assert.Contains("no address that a webhook may be sent to", (string)answer["error"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Webhooks_are_described()
    {
        JsonNode document = (await _server.Client.GetFromJsonAsync<JsonNode>("openapi/v1.json"))!;
        foreach (string path in new[] { "/api/v1/hooks", "/api/v1/hooks/{id}", "/api/v1/hooks/{id}/test" }) { Assert.NotNull(document["paths"]![path]); }
        Assert.NotNull(document["paths"]!["/api/v1/hooks"]!["post"]!["requestBody"]);
    }

    private async Task<JsonNode> TestAsync(string id)
    {
        using HttpResponseMessage response = await _server.Client.PostAsync($"api/v1/hooks/{id}/test", null);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return (await response.Content.ReadFromJsonAsync<JsonNode>())!;
    }
}
