using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Azure.Messaging;
using Microsoft.Extensions.DependencyInjection;
using Mirror.Functions.Hooks;
using Mirror.Origin.Tests.Publishing;
using Mirror.Streams.Documents;
using Mirror.Streams.Events;
using Mirror.Streams.Registry;
using Mirror.Streams.Shared;

namespace Mirror.Functions.Tests.Hooks;

/// <summary>Deliveries where several nodes share documents and a topic.</summary>
public sealed class ClusterDeliveryTests : IAsyncLifetime
{
    private const string Key = "the-key-of-the-topic";
    private readonly string _folder = Directory.CreateTempSubdirectory("mirror-hooks-").FullName;
    private readonly SharedDocuments _documents;
    private readonly LocalLeases _leases = new(new ManualTime());      // they never run out
    private HookReceiver _receiver = null!;

    public ClusterDeliveryTests() => _documents = new SharedDocuments(new LocalDocuments(Path.Combine(_folder, "shared")));

    public async ValueTask InitializeAsync() => _receiver = await HookReceiver.StartAsync();

    public async ValueTask DisposeAsync()
    {
        await _receiver.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task An_event_that_cannot_be_kept_is_not_taken_from_the_topic()
    {
        await using HookServer node = await StartAsync("n1");
        string id = await node.CreateAsync(new { url = _receiver.Url });
        CloudEvent happened = Event("a");
        _documents.IsAway = true;
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await PostAsync(node, happened));
        using HttpResponseMessage answer = await node.Client.GetAsync($"api/v1/hooks/{id}");
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "unavailable"), (answer.StatusCode, (string)JsonNode.Parse(await answer.Content.ReadAsStringAsync())!["error"]!));
        _documents.IsAway = false;
        Assert.Equal(HttpStatusCode.Accepted, await PostAsync(node, happened));
        await HookServer.UntilAsync(() => _receiver.Taken.Any(), "it is taken");
        Assert.Equal("a", Assert.Single(_receiver.Taken));
    }

    [Fact]
    public async Task A_node_goes_on_where_another_died_and_only_then()
    {
        _receiver.Answer = (_, _, context) => HookReceiver.Status(context, 503);
        HookServer dying = await StartAsync("n1");
        await dying.CreateAsync(new { url = _receiver.Url });
        foreach (string stream in (string[])["a", "b", "c"]) { Assert.Equal(HttpStatusCode.Accepted, await PostAsync(dying, Event(stream))); }
        await HookServer.UntilAsync(() => !_receiver.Requests.IsEmpty, "the first attempt was made");
        await using HookServer other = await StartAsync("n2");
        await using HookServer third = await StartAsync("n3");
        foreach (string node in (string[])["n1", "n2", "n3"]) { await HookServer.UntilAsync(async () => await _leases.FindAsync("deliveries/" + node, default) is not null, $"{node} is present"); }
        HookDeliveries[] survivors = [other.Services.GetRequiredService<HookDeliveries>(), third.Services.GetRequiredService<HookDeliveries>()];
        foreach (HookDeliveries survivor in survivors) { await TwiceAsync(survivor); }
        Assert.Equal(3, (await WaitingAtAsync("n1")).Count);                     // it lives
        await dying.DisposeAsync();
        _receiver.Answer = (_, _, context) => HookReceiver.Status(context, 204);
        await survivors[0].AdoptOrphansAsync(default);
        Assert.Equal(3, (await WaitingAtAsync("n1")).Count);                     // it may only seem dead
        await Task.WhenAll(survivors.Select(TwiceAsync));
        await HookServer.UntilAsync(() => _receiver.Taken.Count() >= 3, "they are taken");
        Assert.Equal(["a", "b", "c"], _receiver.Taken.Order());
        await HookServer.UntilAsync(async () => (await _documents.ListNamesAsync("hooks-queue/", default)).Count == 0, "none waits");
    }

    [Fact]
    public async Task What_is_no_delivery_is_left_out()
    {
        await using HookServer node = await StartAsync("n1");
        string id = await node.CreateAsync(new { url = _receiver.Url });
        string good = new Delivery(id, "n1", new DateTime(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc), new string('a', 32), default).Document;
        foreach (string name in new[] { $"hooks-queue/{id}", $"hooks-queue/{id}/n1/x", $"hooks-queue/{id}/n1/{new string('f', 16)}-{new string('a', 32)}", good.Replace("n1", "n1/n1", StringComparison.Ordinal) })
        {
            await _documents.PutAsync(name, "{}"u8.ToArray(), null, default);
        }
        await _documents.PutAsync(good, Encoding.UTF8.GetBytes("no event"), null, default);
        await _documents.PutAsync(good.Replace("/n1/", "/n1/0", StringComparison.Ordinal)[..^1], new byte[] { 0xFF }, null, default);
        string removed = new Delivery("removed", "n1", DateTime.UtcNow, new string('b', 32), default).Document;
        await _documents.PutAsync(removed, JsonSerializer.SerializeToUtf8Bytes(Event("a")), null, default);
        await node.AdvanceUntilAsync(() => _documents.ListNamesAsync("hooks-queue/", default).AsTask().Result is var names && !names.Contains(good) && !names.Contains(removed), "the one without an event and the one without a webhook are gone");
        Assert.Empty(_receiver.Requests);
    }

    [Fact]
    public void The_name_of_a_delivery_says_what_it_is()
    {
        var delivery = new Delivery("abc123", "node-1.x_y", new DateTime(2026, 1, 2, 3, 4, 5, DateTimeKind.Utc), new string('f', 32), default);
        Assert.True(Delivery.TryParse(delivery.Document, out Delivery? read));
        Assert.Equal(delivery, read);
        for (int length = 0; length < delivery.Document.Length; length++) { Assert.False(Delivery.TryParse(delivery.Document[..length], out _)); }
    }

    private static CloudEvent Event(string stream) => new StreamEvent { Stream = stream }.ToCloudEvent(EventTypes.StreamStarted, DateTimeOffset.UtcNow);

    private static async Task TwiceAsync(HookDeliveries node)
    {
        await node.AdoptOrphansAsync(default);
        await node.AdoptOrphansAsync(default);
    }

    private static async Task<HttpStatusCode> PostAsync(HookServer node, CloudEvent happened)
    {
        using var content = new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(happened));
        content.Headers.ContentType = new("application/cloudevents+json");
        using HttpResponseMessage response = await node.Client.PostAsync($"runtime/webhooks/EventGrid?functionName=DeliverWebhooks&code={Key}", content);
        return response.StatusCode;
    }

    private async Task<IReadOnlyList<string>> WaitingAtAsync(string node)
        => [.. (await _documents.ListNamesAsync("hooks-queue/", default)).Where(name => name.Split('/')[2] == node)];

    private Task<HookServer> StartAsync(string node) => HookServer.StartAsync(Path.Combine(_folder, node), builder =>
    {
        builder.Services.AddSingleton<IDocuments>(_documents);
        builder.Services.AddSingleton<ILeases>(_leases);
        builder.Services.AddSingleton(new NodeIdentity(node, null));
    }, "--functions.event_grid_key", Key);

    /// <summary>Documents that can be away.</summary>
    private sealed class SharedDocuments(LocalDocuments documents) : IDocuments
    {
        public bool IsAway { get; set; }

        public bool IsShared => true;

        public ValueTask<Document?> GetAsync(string name, CancellationToken cancellationToken) => Reached().GetAsync(name, cancellationToken);

        public ValueTask<string?> PutAsync(string name, ReadOnlyMemory<byte> content, string? ifMatch, CancellationToken cancellationToken) => Reached().PutAsync(name, content, ifMatch, cancellationToken);

        public ValueTask<IReadOnlyList<Document>> ListAsync(string prefix, CancellationToken cancellationToken) => Reached().ListAsync(prefix, cancellationToken);

        public ValueTask<IReadOnlyList<string>> ListNamesAsync(string prefix, CancellationToken cancellationToken) => Reached().ListNamesAsync(prefix, cancellationToken);

        public ValueTask<bool> DeleteAsync(string name, CancellationToken cancellationToken) => Reached().DeleteAsync(name, cancellationToken);

        private LocalDocuments Reached() => IsAway ? throw new SharedStateException("The storage is away.") : documents;
    }
}
