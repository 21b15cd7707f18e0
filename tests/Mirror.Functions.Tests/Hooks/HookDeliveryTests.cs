using System.Text.Json.Nodes;
using Mirror.Streams.Events;

namespace Mirror.Functions.Tests.Hooks;

/// <summary>Events reach receivers that fail, are slow, refuse, or are away, with the clock in the test's hand.</summary>
public sealed class HookDeliveryTests : IAsyncLifetime
{
    private const string Secret = "a-secret-of-some-length";
    private readonly string _folder = Directory.CreateTempSubdirectory("mirror-hooks-").FullName;
    private HookReceiver _receiver = null!;
    private HookServer _server = null!;

    public async ValueTask InitializeAsync()
    {
        _receiver = await HookReceiver.StartAsync();
        _server = await HookServer.StartAsync(_folder);
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        await _receiver.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Events_come_in_order_signed_with_metadata_and_headers()
    {
        string id = await _server.CreateAsync(new { url = _receiver.Url, secret = Secret, metadata = new { site = "berlin" }, headers = new Dictionary<string, string> { ["X-Key"] = "7" } });
        string[] streams = [.. Enumerable.Range(0, 20).Select(i => $"cam-{i}")];
        foreach (string stream in streams) { _server.Publish(EventTypes.StreamStarted, stream); }
        await TakenAsync(streams);
        Assert.All(_receiver.Requests, request =>
        {
            Assert.True(request.IsSigned(Secret, _server.Time.GetUtcNow(), TimeSpan.FromMinutes(5)));
            Assert.Equal(("1.0", EventTypes.StreamStarted, "berlin", "for a test"), ((string)request.Json["specversion"]!, (string)request.Json["type"]!, (string)request.Json["site"]!, (string)request.Json["data"]!["reason"]!));
            Assert.Equal(("application/cloudevents+json; charset=utf-8", "7", "1"), (request.Headers.ContentType.ToString(), request.Headers["X-Key"].ToString(), request.Headers["Mirror-Attempt"].ToString()));
        });
        Assert.Equal(20, _receiver.Requests.Select(request => request.Delivery).Distinct().Count());
        await HookServer.UntilAsync(async () => await _server.FigureAsync(id, "delivered") == 20 && await _server.FigureAsync(id, "waiting") == 0, "all are counted");
        Assert.Equal((0, 204), (await _server.FigureAsync(id, "failed"), await _server.FigureAsync(id, "last_status")));
    }

    [Fact]
    public async Task A_webhook_gets_what_its_filters_let_through()
    {
        await _server.CreateAsync(new { url = _receiver.Url, events = new[] { "stream.*", "failover" }, streams = new[] { "studio", "cam-*" } });
        await _server.CreateAsync(new { url = _receiver.Url + "/all" });
        await _server.CreateAsync(new { url = _receiver.Url + "/off", enabled = false });
        foreach ((string type, string stream) in ((string, string)[])[("stream.started", "studio"), ("rendition.up", "studio"), ("failover", "cam-1"), ("stream.ended", "studio-2"), ("stream.ready", "cam-"), ("stream.ended", "studio")])
        {
            _server.Publish(type, stream);
        }
        await HookServer.UntilAsync(() => _receiver.Requests.Count == 10, "ten requests have come");
        Assert.Equal(["studio", "cam-1", "cam-", "studio"], _receiver.Requests.Where(request => request.Path == "/events").Select(request => (string)request.Json["subject"]!));
        Assert.Equal(6, _receiver.Requests.Count(request => request.Path == "/events/all"));
    }

    [Fact]
    public async Task A_batch_is_sent_when_it_is_full_or_its_first_event_has_waited()
    {
        await _server.CreateAsync(new { url = _receiver.Url, secret = Secret, max_batch = 3, max_delay_ms = 60_000 });
        foreach (string stream in (string[])["a", "b", "c", "d"]) { _server.Publish(EventTypes.StreamStarted, stream); }
        await TakenAsync("a", "b", "c");
        Received first = Assert.Single(_receiver.Requests);
        Assert.Equal("application/cloudevents-batch+json; charset=utf-8", first.Headers.ContentType.ToString());
        Assert.True(first.IsSigned(Secret, _server.Time.GetUtcNow(), TimeSpan.FromMinutes(5)));
        await _server.AdvanceUntilAsync(() => _receiver.Requests.Count == 2, "the rest is sent");
        Assert.IsType<JsonArray>(_receiver.Requests.Last().Json);
        await TakenAsync("a", "b", "c", "d");
        Assert.InRange(_server.Time.GetTimestamp(), TimeSpan.FromSeconds(59).Ticks, TimeSpan.FromSeconds(70).Ticks);
    }

    [Fact]
    public async Task What_fails_is_repeated_unchanged_until_it_is_taken_and_what_came_later_waits()
    {
        int[] statuses = [500, 302, 404, 204];
        _receiver.Answer = (number, _, context) =>
        {
            context.Response.Headers.Location = "/elsewhere";
            return HookReceiver.Status(context, number < statuses.Length ? statuses[number] : 204);
        };
        string id = await _server.CreateAsync(new { url = _receiver.Url, secret = Secret });
        _server.Publish(EventTypes.StreamStarted, "a");
        _server.Publish(EventTypes.StreamEnded, "a");
        await _server.AdvanceUntilAsync(() => _receiver.Requests.Count == 5, "both are taken");
        Received[] attempts = [.. _receiver.Requests.Take(4)];
        Assert.Equal(["1", "2", "3", "4"], attempts.Select(attempt => attempt.Headers["Mirror-Attempt"].ToString()));
        Assert.Single(attempts.Select(attempt => attempt.Delivery).Distinct());
        Assert.All(attempts, attempt => Assert.Equal(attempts[0].Body, attempt.Body));
        Assert.All(attempts, attempt => Assert.Equal("/events", attempt.Path));
        Assert.All(attempts, attempt => Assert.True(attempt.IsSigned(Secret, _server.Time.GetUtcNow(), TimeSpan.FromMinutes(5))));
        Assert.Equal(EventTypes.StreamEnded, (string?)_receiver.Requests.Last().Json["type"]);
        await HookServer.UntilAsync(async () => await _server.FigureAsync(id, "delivered") == 2, "both are counted");
        Assert.Equal(3, await _server.FigureAsync(id, "failed"));
        Assert.StartsWith("answered 404", (string)(await _server.HookAsync(id))["deliveries"]!["last_error"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_receiver_that_asks_to_be_left_alone_is()
    {
        _receiver.Answer = (number, _, context) =>
        {
            context.Response.Headers.RetryAfter = "300";
            return HookReceiver.Status(context, number == 0 ? 429 : 204);
        };
        string id = await _server.CreateAsync(new { url = _receiver.Url });
        _server.Publish(EventTypes.StreamStarted, "a");
        await HookServer.UntilAsync(async () => await _server.FigureAsync(id, "failed") == 1, "the first attempt failed");
        await _server.AdvanceUntilAsync(() => _receiver.Requests.Count == 2, "it is repeated", stepSeconds: 5);
        Assert.InRange(_server.Time.GetTimestamp(), TimeSpan.FromSeconds(300).Ticks, TimeSpan.FromSeconds(400).Ticks);
    }

    [Fact]
    public async Task An_event_that_always_fails_lets_later_ones_pass_in_the_end()
    {
        _receiver.Answer = (_, request, context) => HookReceiver.Status(context, (string?)request.Json["subject"] == "poison" ? 500 : 204);
        await _server.CreateAsync(new { url = _receiver.Url });
        foreach (string stream in (string[])["a", "poison", "b", "c"]) { _server.Publish(EventTypes.StreamStarted, stream); }
        await _server.AdvanceUntilAsync(() => _receiver.Taken.Count() == 3, "the others are taken");
        Assert.Equal(["a", "b", "c"], _receiver.Taken);
        Assert.Equal(5, _receiver.Requests.TakeWhile(request => (string?)request.Json["subject"] != "b").Count(request => request.Status == 500));
    }

    [Theory, InlineData(400), InlineData(413), InlineData(415), InlineData(422)]
    public async Task What_is_refused_is_a_dead_letter_at_once(int status)
    {
        _receiver.Answer = (number, _, context) => HookReceiver.Status(context, number == 0 ? status : 204);
        string id = await _server.CreateAsync(new { url = _receiver.Url });
        _server.Publish(EventTypes.StreamStarted, "a");
        _server.Publish(EventTypes.StreamStarted, "b");
        await TakenAsync("b");
        JsonNode letter = Assert.Single(HookServer.DeadLetters(_folder));
        Assert.Equal((id, "refused", 1, status, "a"), ((string)letter["hook"]!, (string)letter["reason"]!, (int)letter["attempts"]!, (int)letter["last_status"]!, (string)letter["event"]!["subject"]!));
        await HookServer.UntilAsync(async () => await _server.FigureAsync(id, "dead") == 1 && await _server.FigureAsync(id, "waiting") == 0, "it is counted");
    }

    [Fact]
    public async Task Of_a_batch_that_is_refused_only_what_is_wrong_is_a_dead_letter()
    {
        _receiver.Answer = (_, request, context) => HookReceiver.Status(context, request.Events.Any(happened => (string?)happened["subject"] == "b") ? 400 : 204);
        await _server.CreateAsync(new { url = _receiver.Url, max_batch = 3, max_delay_ms = 60_000 });
        foreach (string stream in (string[])["a", "b", "c"]) { _server.Publish(EventTypes.StreamStarted, stream); }
        await TakenAsync("a", "c");
        Assert.Equal("b", (string?)Assert.Single(HookServer.DeadLetters(_folder))["event"]!["subject"]);
        Assert.All(_receiver.Requests, request => Assert.IsType<JsonArray>(request.Json));
    }

    [Fact]
    public async Task A_receiver_that_is_gone_switches_its_webhook_off()
    {
        _receiver.Answer = (_, _, context) => HookReceiver.Status(context, 410);
        string id = await _server.CreateAsync(new { url = _receiver.Url });
        _server.Publish(EventTypes.StreamStarted, "a");
        await HookServer.UntilAsync(async () => !(bool)(await _server.HookAsync(id))["enabled"]!, "the webhook is off");
        Assert.Contains("410", (string)(await _server.HookAsync(id))["disabled_reason"]!, StringComparison.Ordinal);
        await HookServer.UntilAsync(() => HookServer.DeadLetters(_folder) is [var letter] && (string?)letter["reason"] == "gone", "its event is a dead letter");
    }

    [Fact]
    public async Task What_fails_for_too_long_is_a_dead_letter()
    {
        await using HookServer impatient = await HookServer.StartAsync(Path.Combine(_folder, "impatient"), null, "--hooks.retry_time", "10s");
        _receiver.Answer = (_, _, context) => HookReceiver.Status(context, 503);
        await impatient.CreateAsync(new { url = _receiver.Url });
        impatient.Publish(EventTypes.StreamStarted, "a");
        await impatient.AdvanceUntilAsync(() => HookServer.DeadLetters(Path.Combine(_folder, "impatient")).Count == 1, "it is given up");
        JsonNode letter = HookServer.DeadLetters(Path.Combine(_folder, "impatient"))[0];
        Assert.Equal(("expired", 503), ((string)letter["reason"]!, (int)letter["last_status"]!));
        Assert.True((int)letter["attempts"]! > 2);
    }

    [Fact]
    public async Task A_slow_receiver_holds_up_itself_alone_and_its_queue_is_bounded()
    {
        string folder = Path.Combine(_folder, "small");
        await using HookServer small = await HookServer.StartAsync(folder, null, "--hooks.queue_length", "3");
        await using HookReceiver slow = await HookReceiver.StartAsync();
        var gate = new TaskCompletionSource();
        slow.Answer = (_, _, _) => gate.Task;
        string id = await small.CreateAsync(new { url = slow.Url });
        await small.CreateAsync(new { url = _receiver.Url });
        string[] streams = ["a", "b", "c", "d", "e"];
        foreach (string stream in streams)
        {
            small.Publish(EventTypes.StreamStarted, stream);
            await HookServer.UntilAsync(() => _receiver.Taken.LastOrDefault() == stream, $"{stream} is taken by the other");
        }
        await HookServer.UntilAsync(async () => await small.FigureAsync(id, "dropped") == 2 && await small.FigureAsync(id, "waiting") == 3, "two are dropped, three wait");
        Assert.Equal(["d queue_full", "e queue_full"], HookServer.DeadLetters(folder).Select(letter => $"{letter["event"]!["subject"]} {letter["reason"]}"));
        gate.SetResult();
        await HookServer.UntilAsync(() => slow.Taken.Count() == 3, "the three are taken");
        Assert.Equal(["a", "b", "c"], slow.Taken);
    }

    [Fact]
    public async Task What_waits_goes_on_after_a_restart_under_the_same_names()
    {
        _receiver.Answer = (_, _, context) => HookReceiver.Status(context, 503);
        string folder = Path.Combine(_folder, "restarted");
        string id;
        await using (HookServer first = await HookServer.StartAsync(folder))
        {
            id = await first.CreateAsync(new { url = _receiver.Url, secret = Secret });
            foreach (string stream in (string[])["a", "b", "c"]) { first.Publish(EventTypes.StreamStarted, stream); }
            await HookServer.UntilAsync(async () => !_receiver.Requests.IsEmpty && await first.FigureAsync(id, "waiting") == 3, "three wait");
        }
        _receiver.Answer = (_, _, context) => HookReceiver.Status(context, 204);
        await using HookServer second = await HookServer.StartAsync(folder);
        second.Publish(EventTypes.StreamStarted, "d");
        await TakenAsync("a", "b", "c", "d");
        Assert.Equal(_receiver.Requests.First().Delivery, _receiver.Requests.First(request => request.Status == 204).Delivery);
        await HookServer.UntilAsync(async () => await second.FigureAsync(id, "waiting") == 0 && await second.FigureAsync(id, "delivered") == 4, "none waits");
        Assert.True(await second.FigureAsync(id, "failed") >= 1);            // counted before the restart
    }

    [Fact]
    public async Task A_webhook_that_is_removed_takes_what_waits_along()
    {
        _receiver.Answer = (_, _, context) => HookReceiver.Status(context, 503);
        string id = await _server.CreateAsync(new { url = _receiver.Url });
        _server.Publish(EventTypes.StreamStarted, "a");
        await HookServer.UntilAsync(async () => await _server.FigureAsync(id, "failed") == 1, "an attempt failed");
        using HttpResponseMessage removed = await _server.Client.DeleteAsync($"api/v1/hooks/{id}");
        Assert.True(removed.IsSuccessStatusCode);
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(_folder, "documents"), "*.doc", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task A_change_counts_for_what_waits_already()
    {
        _receiver.Answer = (_, _, context) => HookReceiver.Status(context, 503);
        string id = await _server.CreateAsync(new { url = _receiver.Url + "/old", secret = Secret });
        _server.Publish(EventTypes.StreamStarted, "a");
        await HookServer.UntilAsync(async () => await _server.FigureAsync(id, "failed") == 1, "an attempt failed");
        _receiver.Answer = (_, _, context) => HookReceiver.Status(context, 204);
        using var change = System.Net.Http.Json.JsonContent.Create(new { url = _receiver.Url + "/new", secret = "another-secret-of-some-length" });
        using HttpResponseMessage changed = await _server.Client.PutAsync($"api/v1/hooks/{id}", change);
        Assert.True(changed.IsSuccessStatusCode);
        await _server.AdvanceUntilAsync(() => _receiver.Taken.Any(), "it is taken");
        Assert.Equal("/events/new", _receiver.Requests.Last().Path);
        Assert.True(_receiver.Requests.Last().IsSigned("another-secret-of-some-length", _server.Time.GetUtcNow(), TimeSpan.FromMinutes(5)));
    }

    [Fact]
    public async Task Every_event_is_a_line_of_the_event_file()
    {
        string file = Path.Combine(_folder, "logs", "events.jsonl");
        await using HookServer writing = await HookServer.StartAsync(Path.Combine(_folder, "writing"), null, "--events.file", file);
        foreach (string stream in (string[])["a", "b"]) { writing.Publish(EventTypes.StreamStarted, stream); }
        await HookServer.UntilAsync(() => File.Exists(file) && File.ReadAllLines(file).Length == 2, "both are written");
        Assert.Equal(["a", "b"], File.ReadAllLines(file).Select(line => (string?)JsonNode.Parse(line)!["subject"]));
    }

    private Task TakenAsync(params string[] subjects) => HookServer.UntilAsync(() => _receiver.Taken.SequenceEqual(subjects), $"{string.Join(", ", subjects)} are taken, after {string.Join(", ", _receiver.Taken)}");
}
