using Azure.Messaging;
using Microsoft.Azure.Functions.Worker;
using Mirror.Streams.Events;

namespace Mirror.Functions.Runner;

/// <summary>Calls functions with an Event Grid trigger for the events of this process.</summary>
internal sealed class EventTriggers(IServiceProvider services, LocalEvents? events = null) : IHostedService
{
    private readonly List<IAsyncDisposable> _subscriptions = [];

    public Task StartAsync(CancellationToken cancellationToken)
    {
        if (events is null) { return Task.CompletedTask; }   // they come from the topic, to EventGridWebhook
        foreach (FunctionDescription function in FunctionDescription.All)
        {
            if (function.TriggerOf<EventGridTriggerAttribute>() is null) { continue; }
            _subscriptions.Add(events.Subscribe((happened, stop) => InvokeAsync(function, [happened], services, stop)));
        }
        return Task.CompletedTask;
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        foreach (IAsyncDisposable subscription in _subscriptions) { await subscription.DisposeAsync(); }
    }

    /// <summary>Calls a function with events: with all of them where it takes a batch, or with one after the other.</summary>
    public static async Task InvokeAsync(FunctionDescription function, CloudEvent[] events, IServiceProvider services, CancellationToken cancellationToken)
    {
        if (function.TriggerOf<EventGridTriggerAttribute>()!.IsBatched)
        {
            await function.InvokeAsync(services, events, cancellationToken);
            return;
        }
        foreach (CloudEvent happened in events) { await function.InvokeAsync(services, happened, cancellationToken); }
    }
}
