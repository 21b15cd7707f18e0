using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;
using Azure.Messaging;
using Microsoft.Extensions.Logging.Abstractions;
using Mirror.Origin.Tests.Publishing;
using Mirror.Streams.Events;

namespace Mirror.Streams.Tests.Events;

/// <summary>Events within one process.</summary>
public sealed class LocalEventsTests : EventsContract
{
    private readonly LocalEvents _events = new(QueueLength, NullLogger<LocalEvents>.Instance);
    private readonly ConcurrentDictionary<string, JsonNode> _received = new();
    private TaskCompletionSource _open = Opened();

    private protected override IEvents Events => _events;

    private protected override IReadOnlyDictionary<string, JsonNode> Received => _received;

    private protected override long Dropped => _events.Dropped;

    public override ValueTask InitializeAsync()
    {
        _events.Subscribe(async (happened, _) =>
        {
            await _open.Task;
            _received[happened.Id] = JsonSerializer.SerializeToNode(happened)!;
        });
        return default;
    }

    public override ValueTask DisposeAsync() => _events.DisposeAsync();

    private protected override Task LeaveAsync()
    {
        _open = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        return Task.CompletedTask;
    }

    private protected override Task ReturnAsync()
    {
        _open.SetResult();
        return Task.CompletedTask;
    }

    [Fact]
    public async Task A_receiver_that_fails_loses_one_event_and_holds_up_nobody()
    {
        var got = new ConcurrentQueue<string>();
        _events.Subscribe((happened, _) =>
        {
            got.Enqueue(happened.Id);
            throw new InvalidOperationException("This receiver is broken.");
        });
        CloudEvent[] sent = [Make("a"), Make("b")];
        foreach (CloudEvent happened in sent) { _events.Publish(happened); }
        await Eventually.HoldsAsync(() => got.Count == 2, "both were tried");
        await ArrivedAsync([.. sent.Select(happened => happened.Id)]);
    }

    [Fact]
    public async Task One_receiver_gets_events_in_order_until_it_leaves()
    {
        var got = new ConcurrentQueue<string>();
        IAsyncDisposable subscription = _events.Subscribe((happened, _) =>
        {
            got.Enqueue(happened.Id);
            return Task.CompletedTask;
        });
        CloudEvent[] sent = [.. Enumerable.Range(0, QueueLength).Select(_ => Make("a"))];
        foreach (CloudEvent happened in sent) { Assert.True(_events.Publish(happened)); }
        await Eventually.HoldsAsync(() => got.Count == sent.Length, "all arrived");
        Assert.Equal(sent.Select(happened => happened.Id), got);
        await subscription.DisposeAsync();
        _events.Publish(Make("a"));
        Assert.Equal(sent.Length, got.Count);
    }

    private static TaskCompletionSource Opened()
    {
        var open = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        open.SetResult();
        return open;
    }
}
