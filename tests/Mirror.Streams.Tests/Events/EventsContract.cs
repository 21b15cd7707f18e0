using System.Text.Json.Nodes;
using Azure.Messaging;
using Mirror.Origin.Tests.Publishing;
using Mirror.Streams.Events;

namespace Mirror.Streams.Tests.Events;

/// <summary>What every adapter of the events keeps: the same cases for each.</summary>
public abstract class EventsContract : IAsyncLifetime
{
    private protected const int QueueLength = 64;

    private protected abstract IEvents Events { get; }

    /// <summary>Ids and contents of what the receiver took.</summary>
    private protected abstract IReadOnlyDictionary<string, JsonNode> Received { get; }

    private protected abstract long Dropped { get; }

    /// <summary>The receiver takes nothing until <see cref="ReturnAsync"/>.</summary>
    private protected abstract Task LeaveAsync();

    private protected abstract Task ReturnAsync();

    public abstract ValueTask InitializeAsync();

    public abstract ValueTask DisposeAsync();

    [Fact]
    public async Task An_event_arrives_as_it_was_made()
    {
        var data = new StreamEvent { Stream = "studio", Rendition = "360p", Reason = "It \"quotes\" – and more.", DurationSeconds = 1.5, Bytes = 1L << 40 };
        CloudEvent sent = data.ToCloudEvent(EventTypes.RenditionDown, new DateTimeOffset(2026, 3, 4, 5, 6, 7, TimeSpan.Zero));
        Assert.True(Events.Publish(sent));
        await ArrivedAsync(sent.Id);
        JsonNode got = Received[sent.Id];
        Assert.Equal("1.0", (string?)got["specversion"]);
        Assert.Equal((EventTypes.RenditionDown, "studio/360p", StreamEvent.Source), ((string?)got["type"], (string?)got["subject"], (string?)got["source"]));
        Assert.Equal(sent.Time, got["time"]!.GetValue<DateTimeOffset>());
        Assert.Equal("application/json", (string?)got["datacontenttype"]);
        Assert.Equal(["stream", "rendition", "reason", "duration_seconds", "bytes"], got["data"]!.AsObject().Select(field => field.Key));
        Assert.Equal((data.Reason, data.Bytes), ((string?)got["data"]!["reason"], (long?)got["data"]!["bytes"]));
    }

    [Fact]
    public async Task Every_event_arrives_from_several_publishers_at_once()
    {
        string[][] sent = await Task.WhenAll(Enumerable.Range(0, 4).Select(publisher => Task.Run(async () =>
        {
            var ids = new List<string>();
            for (int i = 0; i < 100; i++)
            {
                CloudEvent happened = Make($"s{publisher}");
                while (!Events.Publish(happened)) { await Task.Delay(1); }      // the queue is short here
                ids.Add(happened.Id);
            }
            return ids.ToArray();
        })));
        await ArrivedAsync([.. sent.SelectMany(ids => ids)]);
    }

    [Fact]
    public async Task An_outage_is_bridged_and_what_the_queue_cannot_hold_is_counted()
    {
        await LeaveAsync();
        var taken = new List<string>();
        int refused = 0;
        while (refused < 100)
        {
            CloudEvent happened = Make("studio");
            if (Events.Publish(happened)) { taken.Add(happened.Id); }
            else { refused++; }
        }
        Assert.InRange(taken.Count, QueueLength, QueueLength + 101);     // beside the queue, what is being sent
        Assert.Equal(refused, Dropped);
        await ReturnAsync();
        await ArrivedAsync([.. taken]);
        Assert.Equal(refused, Dropped);
        CloudEvent later = Make("studio");
        Assert.True(Events.Publish(later));
        await ArrivedAsync(later.Id);
    }

    private protected static CloudEvent Make(string stream) => new StreamEvent { Stream = stream }.ToCloudEvent(EventTypes.StreamReady, DateTimeOffset.UtcNow);

    private protected Task ArrivedAsync(params string[] ids) => Eventually.HoldsAsync(() => ids.All(Received.ContainsKey), "all events arrived");
}
