using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.Extensions.Options;
using Mirror.Streams.Documents;

namespace Mirror.EventTopic;

/// <summary>The topic: takes events, and hands each to the queues of those who want it.</summary>
internal sealed partial class Topic(IOptions<TopicOptions> options, WebhookClient client, DeadLetter deadLetter, TimeProvider time, ILogger<Topic> logger) : IHostedService, IAsyncDisposable
{
    private const string Folder = "subscriptions/";
    private readonly ConcurrentDictionary<string, DeliveryQueue> _queues = new(StringComparer.OrdinalIgnoreCase);
    private readonly LocalDocuments _documents = new(options.Value.Directory);
    private readonly SemaphoreSlim _changing = new(1, 1);

    /// <summary>Queues of all subscriptions, by name.</summary>
    public IEnumerable<DeliveryQueue> Queues => _queues.Values.OrderBy(queue => queue.Subscription.Name, StringComparer.OrdinalIgnoreCase);

    /// <summary>Subscriptions of the configuration, whose webhooks may not run yet, and those made through the API before.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        foreach (Document document in await _documents.ListAsync(Folder, cancellationToken))
        {
            Add(JsonSerializer.Deserialize(document.Content.Span, TopicJson.Default.Subscription)!, isValidated: true);
        }
        int number = 0;
        foreach (IReadOnlyList<string> urls in options.Value.SubscriberList()) { Add(new Subscription { Name = $"configured-{++number}", Endpoints = urls }, isValidated: false); }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Publish(IReadOnlyList<TopicEvent> events)
    {
        TopicMetrics.Received.Add(events.Count);
        foreach (TopicEvent happened in events)
        {
            foreach (DeliveryQueue queue in _queues.Values) { queue.Offer(happened); }
        }
    }

    /// <summary>Makes a subscription once one of its webhooks has agreed; one of the same name is replaced.</summary>
    /// <returns>Why not, in a sentence; <see langword="null"/> if it was made.</returns>
    public async Task<string?> SubscribeAsync(Subscription subscription, CancellationToken cancellationToken)
    {
        string? objection = null;
        foreach (string endpoint in subscription.Endpoints)
        {
            objection = await client.FindObjectionAsync(endpoint, cancellationToken);
            if (objection is null) { break; }
        }
        if (objection is not null) { return objection; }
        await _changing.WaitAsync(cancellationToken);
        try
        {
            await RemoveAsync(subscription.Name);
            await _documents.PutAsync(Folder + subscription.Name, JsonSerializer.SerializeToUtf8Bytes(subscription, TopicJson.Default.Subscription), ifMatch: null, cancellationToken);
            Add(subscription, isValidated: true);
        }
        finally { _changing.Release(); }
        return null;
    }

    /// <summary>Ends a subscription; what it has yet to get is dropped.</summary>
    /// <returns><see langword="false"/> if there was none.</returns>
    public async Task<bool> UnsubscribeAsync(string name, CancellationToken cancellationToken)
    {
        await _changing.WaitAsync(cancellationToken);
        try
        {
            if (!await RemoveAsync(name)) { return false; }
            await _documents.DeleteAsync(Folder + name, cancellationToken);
            return true;
        }
        finally { _changing.Release(); }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (string name in _queues.Keys) { await RemoveAsync(name); }       // a second call, by whom it is registered for as well, finds none
        _changing.Dispose();
    }

    private void Add(Subscription subscription, bool isValidated)
    {
        _queues[subscription.Name] = new DeliveryQueue(subscription, isValidated, options.Value, client, deadLetter, time);
        LogSubscribed(subscription.Name, string.Join(", ", subscription.Endpoints.Select(WithoutQuery)));
    }

    private async Task<bool> RemoveAsync(string name)
    {
        if (!_queues.TryRemove(name, out DeliveryQueue? queue)) { return false; }
        await queue.DisposeAsync();
        return true;
    }

    // A query may hold the webhook's key.
    private static string WithoutQuery(string endpoint) => new Uri(endpoint).GetLeftPart(UriPartial.Path);

    [LoggerMessage(Level = LogLevel.Information, Message = "Subscription {Name} to {Endpoints}")]
    private partial void LogSubscribed(string name, string endpoints);
}
