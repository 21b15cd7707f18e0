using System.Text.Json.Nodes;
using Azure.Messaging;
using Microsoft.Extensions.Logging.Abstractions;
using Mirror.EventTopic.Tests.Hosting;
using Mirror.Origin.Tests.Publishing;
using Mirror.Streams.Events;

namespace Mirror.Streams.Tests.Events;

/// <summary>Events through the Event Grid client, a topic and its webhook.</summary>
public sealed class EventGridEventsTests : EventsContract
{
    private TopicServer _topic = null!;
    private Webhook _hook = null!;
    private EventGridEvents _events = null!;

    private protected override IEvents Events => _events;

    private protected override IReadOnlyDictionary<string, JsonNode> Received => _hook.Taken;

    private protected override long Dropped => _events.Dropped;

    public override async ValueTask InitializeAsync()
    {
        _hook = await Webhook.StartAsync();
        _topic = await TopicServer.StartAsync();
        using HttpResponseMessage subscribed = await _topic.SubscribeAsync("test", new { endpoints = new[] { _hook.Url } });
        Assert.True(subscribed.IsSuccessStatusCode, await subscribed.Content.ReadAsStringAsync());
        _events = Open(TopicServer.Key);
    }

    public override async ValueTask DisposeAsync()
    {
        await _events.DisposeAsync();
        await _topic.DisposeAsync();
        await _hook.DisposeAsync();
        Directory.Delete(_topic.Folder, recursive: true);
    }

    /// <summary>The topic is gone; its folder and its port stay.</summary>
    private protected override async Task LeaveAsync() => await _topic.DisposeAsync();

    private protected override async Task ReturnAsync() => _topic = await TopicServer.StartAsync(port: _topic.Address.Port, folder: _topic.Folder);

    [Fact]
    public async Task What_the_topic_calls_wrong_is_dropped_alone()
    {
        CloudEvent[] around = [Make("a"), Make("a")];
        await LeaveAsync();                              // so that all three share a batch
        foreach (CloudEvent happened in new[] { around[0], TooLarge(), around[1] }) { Assert.True(_events.Publish(happened)); }
        await ReturnAsync();
        await ArrivedAsync([.. around.Select(happened => happened.Id)]);
        await Eventually.HoldsAsync(() => _events.Dropped == 1, "the event that is too large was dropped");
    }

    [Fact]
    public async Task A_wrong_key_is_tried_again_and_the_rest_is_dropped_at_the_end()
    {
        EventGridEvents events = Open("wrong");
        CloudEvent lost = Make("a");
        Assert.True(events.Publish(lost));
        await events.DisposeAsync();
        Assert.Equal(1, events.Dropped);
        Assert.Empty(_hook.Taken);
    }

    private EventGridEvents Open(string key)
        => new(new EventsOptions { QueueLength = QueueLength, EventGrid = { Endpoint = _topic.Endpoint.ToString(), Key = key } }, TimeProvider.System, NullLogger<EventGridEvents>.Instance);

    // More than a topic takes in one request.
    private static CloudEvent TooLarge() => new StreamEvent { Stream = "a", Reason = new string('x', 2_000_000) }.ToCloudEvent(EventTypes.Test, DateTimeOffset.UtcNow);
}
