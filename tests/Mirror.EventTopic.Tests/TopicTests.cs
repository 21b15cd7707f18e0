using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Mirror.EventTopic.Tests.Hosting;
using Mirror.Origin.Tests.Publishing;

namespace Mirror.EventTopic.Tests;

/// <summary>The topic over HTTP, beside receivers of a test's own.</summary>
public sealed class TopicTests : IAsyncLifetime
{
    private static readonly TimeSpan Step = TimeSpan.FromSeconds(1);
    private readonly ManualTime _time = new();
    private TopicServer _topic = null!;
    private Webhook _hook = null!;

    public async ValueTask InitializeAsync()
    {
        _topic = await TopicServer.StartAsync(_time);
        _hook = await Webhook.StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _topic.DisposeAsync();
        await _hook.DisposeAsync();
        Directory.Delete(_topic.Folder, recursive: true);
    }

    [Theory]
    [InlineData("aeg-sas-key", TopicServer.Key, HttpStatusCode.OK)]
    [InlineData("aeg-sas-key", "wrong", HttpStatusCode.Unauthorized)]
    [InlineData("aeg-sas-key", "", HttpStatusCode.Unauthorized)]
    [InlineData("aeg-sas-token", "r=http%3a%2f%2flocalhost&e=1%2f2%2f2026+12%3a00%3a00+AM&s=AAAA", HttpStatusCode.Unauthorized)]
    [InlineData("aeg-sas-token", "nonsense", HttpStatusCode.Unauthorized)]
    public async Task Publishing_needs_the_key(string header, string value, HttpStatusCode expected)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, _topic.Endpoint) { Content = new StringContent(Event("1"), Encoding.UTF8, "application/cloudevents+json") };
        request.Headers.TryAddWithoutValidation(header, value);
        using var stranger = new HttpClient();
        using HttpResponseMessage response = await stranger.SendAsync(request);
        Assert.Equal(expected, response.StatusCode);
    }

    [Theory]
    [InlineData("1/2/2026 12:00:00 AM", HttpStatusCode.OK)]
    [InlineData("12/31/2025 12:00:00 AM", HttpStatusCode.Unauthorized)]
    public async Task A_token_signed_with_the_key_admits_until_it_expires(string expiry, HttpStatusCode expected)
    {
        string unsigned = $"r={Uri.EscapeDataString(_topic.Endpoint.ToString())}&e={Uri.EscapeDataString(expiry)}";
        byte[] signature = System.Security.Cryptography.HMACSHA256.HashData(Convert.FromBase64String(TopicServer.Key), Encoding.UTF8.GetBytes(unsigned));
        using var request = new HttpRequestMessage(HttpMethod.Post, _topic.Endpoint) { Content = new StringContent(Event("1"), Encoding.UTF8, "application/cloudevents+json") };
        request.Headers.TryAddWithoutValidation("aeg-sas-token", $"{unsigned}&s={Uri.EscapeDataString(Convert.ToBase64String(signature))}");
        using var stranger = new HttpClient();
        using HttpResponseMessage response = await stranger.SendAsync(request);
        Assert.Equal(expected, response.StatusCode);
    }

    [Theory]
    [InlineData("application/json", HttpStatusCode.UnsupportedMediaType)]
    [InlineData("application/cloudevents-batch+json", HttpStatusCode.BadRequest)]
    public async Task Other_schemas_are_refused(string type, HttpStatusCode expected)
    {
        using HttpResponseMessage response = await _topic.PublishAsync(Event("1"), type);
        Assert.Equal(expected, response.StatusCode);
    }

    [Theory]
    [InlineData("*", HttpStatusCode.OK)]
    [InlineData("eventgrid.azure.net", HttpStatusCode.OK)]
    [InlineData("example.com", HttpStatusCode.BadRequest)]
    [InlineData(null, HttpStatusCode.BadRequest)]
    public async Task Only_a_webhook_that_agrees_is_subscribed(string? allowed, HttpStatusCode expected)
    {
        _hook.AllowedOrigin = allowed;
        using HttpResponseMessage response = await SubscribeAsync();
        Assert.Equal(expected, response.StatusCode);
        Assert.Equal(1, _hook.Handshakes);
    }

    [Fact]
    public async Task An_event_is_delivered_unchanged_with_the_headers_of_event_grid()
    {
        await SubscribeAsync();
        await _topic.PublishAsync(Event("1"));
        await Eventually.HoldsAsync(() => _hook.Deliveries.Count == 1, "it comes");
        Assert.True(_hook.Deliveries.TryDequeue(out (JsonNode Event, Microsoft.AspNetCore.Http.IHeaderDictionary Headers, byte[] Body) got));
        Assert.Equal(Event("1"), Encoding.UTF8.GetString(got.Body));
        Assert.Equal("application/cloudevents+json; charset=utf-8", got.Headers.ContentType);
        Assert.Equal(["Notification", "SUB-1", "0", "eventgrid.azure.net"],
            new[] { "aeg-event-type", "aeg-subscription-name", "aeg-delivery-count", "WebHook-Request-Origin" }.Select(name => (string?)got.Headers[name]));
    }

    [Fact]
    public async Task What_fails_is_tried_again_later()
    {
        _hook.Answer = attempt => attempt < 3 ? 503 : 204;
        await SubscribeAsync();
        DateTimeOffset published = _time.GetUtcNow();
        await _topic.PublishAsync(Event("1"));
        await AdvanceUntilAsync(() => _hook.Taken.ContainsKey("1"));
        Assert.Equal(["0", "1", "2", "3"], _hook.Deliveries.Select(delivery => (string?)delivery.Headers["aeg-delivery-count"]));
        Assert.True(_time.GetUtcNow() - published >= TimeSpan.FromSeconds(10 + 30 + 60));
        Assert.False(File.Exists(_topic.DeadLetterFile));
    }

    [Theory]
    [InlineData(400, "UndeliverableDueToHttpBadRequest")]
    [InlineData(413, "UndeliverableDueToHttpRequestEntityTooLarge")]
    public async Task What_a_webhook_calls_wrong_becomes_a_dead_letter_at_once(int status, string reason)
    {
        _hook.Answer = _ => status;
        await SubscribeAsync();
        await _topic.PublishAsync(Event("1"));
        JsonNode letter = await DeadLetterAsync();
        Assert.Equal((reason, 1, $"Http{status}", "1"), ((string?)letter["deadletterreason"], (int)letter["deliveryattempts"]!, (string?)letter["deliveryresult"], (string?)letter["id"]));
    }

    [Fact]
    public async Task After_the_last_attempt_and_five_minutes_an_event_becomes_a_dead_letter()
    {
        await using TopicServer topic = await TopicServer.StartAsync(_time, settings: ["--event_topic.max_attempts", "2"]);
        _hook.Answer = _ => 500;
        await topic.SubscribeAsync("sub-1", new { endpoints = new[] { _hook.Url } });
        await topic.PublishAsync(Event("1"));
        await AdvanceUntilAsync(() => _hook.Deliveries.Count == 2);
        DateTimeOffset last = _time.GetUtcNow();
        await AdvanceUntilAsync(() => File.Exists(topic.DeadLetterFile));
        Assert.Equal(2, _hook.Deliveries.Count);
        Assert.True(_time.GetUtcNow() - last >= TimeSpan.FromMinutes(5) - Step);
    }

    [Fact]
    public async Task A_failing_event_does_not_hold_up_the_next()
    {
        _hook.Answer = attempt => attempt == 0 ? 500 : 200;
        await SubscribeAsync();
        await _topic.PublishAsync(Event("1"));
        await Eventually.HoldsAsync(() => _hook.Deliveries.Count == 1, "the first attempt");
        await _topic.PublishAsync(Event("2"));
        await Eventually.HoldsAsync(() => _hook.Taken.ContainsKey("2"), "it comes");
        Assert.DoesNotContain("1", _hook.Taken.Keys);
    }

    [Fact]
    public async Task Subscriptions_get_what_they_ask_for()
    {
        using HttpResponseMessage response = await _topic.SubscribeAsync("sub-1", new { endpoints = new[] { _hook.Url }, included_event_types = new[] { "stream.ready", "test" }, subject_begins_with = "stu" });
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        await _topic.PublishAsync($"[{Event("1")},{Event("2", "stream.ended")},{Event("3", subject: "other")},{Event("4", "test")}]", "application/cloudevents-batch+json");
        await Eventually.HoldsAsync(() => _hook.Taken.Count == 2, "it comes");
        Assert.Equal(["1", "4"], _hook.Taken.Keys.Order());
    }

    [Fact]
    public async Task One_of_several_webhooks_takes_over_from_one_that_is_gone()
    {
        Webhook gone = await Webhook.StartAsync();
        await _topic.SubscribeAsync("sub-1", new { endpoints = new[] { gone.Url, _hook.Url } });
        await gone.DisposeAsync();
        for (int i = 0; i < 5; i++) { await _topic.PublishAsync(Event($"{i}")); }
        await Eventually.HoldsAsync(() => _hook.Taken.Count == 5, "it comes");
    }

    [Fact]
    public async Task Subscriptions_outlive_the_topic_and_the_configured_ones_wait_for_their_webhook()
    {
        _hook.AllowedOrigin = null;
        await using TopicServer topic = await TopicServer.StartAsync(_time, settings: ["--event_topic.subscribers", _hook.Url]);
        await topic.PublishAsync(Event("1"));
        await Eventually.HoldsAsync(() => _hook.Handshakes >= 1, "it comes");
        Assert.Empty(_hook.Deliveries);
        _hook.AllowedOrigin = "*";
        await AdvanceUntilAsync(() => _hook.Taken.ContainsKey("1"));
        await SubscribeAsync();
        await _topic.DisposeAsync();
        _topic = await TopicServer.StartAsync(_time, folder: _topic.Folder);
        await _topic.PublishAsync(Event("2"));
        await Eventually.HoldsAsync(() => _hook.Taken.ContainsKey("2"), "it comes");
        using HttpResponseMessage removed = await _topic.Client.DeleteAsync("subscriptions/sub-1");
        Assert.Equal(HttpStatusCode.NoContent, removed.StatusCode);
        Assert.Equal("[]", await _topic.Client.GetStringAsync("subscriptions"));
    }

    [Theory]
    [InlineData("x", "http://127.0.0.1:1/")]
    [InlineData("sub-1", "ftp://127.0.0.1/")]
    [InlineData("sub-1", "http://127.0.0.1:1/")]
    public async Task A_subscription_that_cannot_work_is_refused(string name, string url)
    {
        using HttpResponseMessage response = await _topic.SubscribeAsync(name, new { endpoints = new[] { url } });
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
    }

    private Task<HttpResponseMessage> SubscribeAsync() => _topic.SubscribeAsync("sub-1", new { endpoints = new[] { _hook.Url } });

    private static string Event(string id, string type = "stream.ready", string subject = "studio")
        => $$"""{"specversion":"1.0","id":"{{id}}","source":"/test","type":"{{type}}","data":{"n":1},"subject":"{{subject}}"}""";

    private Task AdvanceUntilAsync(Func<bool> condition) => Eventually.HoldsAsync(() =>
    {
        if (condition()) { return true; }
        _time.Advance(Step);
        Thread.Sleep(1);
        return condition();
    }, "what the clock brings");

    private async Task<JsonNode> DeadLetterAsync()
    {
        await Eventually.HoldsAsync(() => File.Exists(_topic.DeadLetterFile) && File.ReadAllText(_topic.DeadLetterFile).EndsWith('\n'), "it comes");
        return JsonNode.Parse(File.ReadAllLines(_topic.DeadLetterFile).Single())!;
    }
}
