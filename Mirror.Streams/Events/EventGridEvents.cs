using System.Threading.Channels;
using Azure;
using Azure.Identity;
using Azure.Messaging;
using Azure.Messaging.EventGrid;
using Microsoft.Extensions.Logging;

namespace Mirror.Streams.Events;

/// <summary>Publishes events to an Azure Event Grid topic with the CloudEvents schema, from a bounded queue, in batches.</summary>
/// <remarks>
/// While the topic is away the queue bridges, and a batch is tried again with back-off until it is taken: at least once, since a topic may
/// take a batch whose answer is lost. A batch that the topic calls wrong (400, 413) is sent event by event, and what is wrong alone is dropped.
/// </remarks>
public sealed partial class EventGridEvents : IEvents, IAsyncDisposable
{
    private const int MostInBatch = 100;
    private const int MostBytesInBatch = 512 * 1024;          // a request may have 1 MB; the envelope counts as well
    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);       // for one answer
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(2);        // for the rest of the queue at shutdown

    private readonly EventGridPublisherClient _client;
    private readonly TimeProvider _time;
    private readonly ILogger<EventGridEvents> _logger;
    private readonly Channel<CloudEvent> _queue;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _sending;
    private long _dropped;

    /// <summary>Starts sending.</summary>
    /// <param name="options">The topic, and the length of the queue.</param>
    /// <param name="time">The clock of the back-off.</param>
    /// <param name="logger">Logs failures.</param>
    public EventGridEvents(EventsOptions options, TimeProvider time, ILogger<EventGridEvents> logger)
    {
        ArgumentNullException.ThrowIfNull(options);
        var endpoint = new Uri(options.EventGrid.Endpoint);
        var client = new EventGridPublisherClientOptions { Retry = { MaxRetries = 0, NetworkTimeout = Patience } };   // repeated here, without end
        _client = options.EventGrid.Key.Length > 0
            ? new EventGridPublisherClient(endpoint, new AzureKeyCredential(options.EventGrid.Key), client)
            : new EventGridPublisherClient(endpoint, new DefaultAzureCredential(), client);
        _time = time;
        _logger = logger;
        _queue = Channel.CreateBounded<CloudEvent>(new BoundedChannelOptions(options.QueueLength) { SingleReader = true });
        _sending = Task.Run(SendAllAsync);
    }

    /// <summary>Events lost: to the full queue, to a topic that refused them, or at shutdown.</summary>
    public long Dropped => Interlocked.Read(ref _dropped);

    /// <inheritdoc/>
    public bool Publish(CloudEvent happened)
    {
        ArgumentNullException.ThrowIfNull(happened);
        if (_queue.Writer.TryWrite(happened))
        {
            EventMetrics.Published.Add(1, new KeyValuePair<string, object?>("type", happened.Type));
            return true;
        }
        Drop(1);
        return false;
    }

    /// <summary>Sends what is queued, for a moment, and stops.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!_queue.Writer.TryComplete()) { return; }
        try { await _sending.WaitAsync(Farewell); }
        catch (TimeoutException) { /* the topic is away: what is left is dropped */ }
        await _stop.CancelAsync();
        await _sending;
        _stop.Dispose();
    }

    private async Task SendAllAsync()
    {
        var batch = new List<CloudEvent>(MostInBatch);
        try
        {
            while (await _queue.Reader.WaitToReadAsync(_stop.Token))
            {
                Fill(batch);
                await SendAsync(batch);
                batch.Clear();
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested) { Drop(batch.Count + _queue.Reader.Count); }
    }

    private void Fill(List<CloudEvent> batch)
    {
        int bytes = 0;
        while (batch.Count < MostInBatch && _queue.Reader.TryPeek(out CloudEvent? next))
        {
            bytes += next.Data?.ToMemory().Length ?? 0;
            if (batch.Count > 0 && bytes > MostBytesInBatch) { break; }
            _queue.Reader.TryRead(out _);
            batch.Add(next);
        }
    }

    private async Task SendAsync(List<CloudEvent> batch)
    {
        for (TimeSpan delay = FirstDelay; ; delay = delay * 2 < LongestDelay ? delay * 2 : LongestDelay)
        {
            try
            {
                await _client.SendEventsAsync(batch, _stop.Token);
                return;
            }
            catch (RequestFailedException refused) when (refused.Status is 400 or 413)
            {
                await SendAloneAsync(batch, refused);
                return;
            }
            catch (Exception error) when (!_stop.IsCancellationRequested)
            {
                EventMetrics.Retries.Add(1);
                LogFailed(batch.Count, delay.TotalSeconds, (error as RequestFailedException)?.Status ?? 0, error.Message);
            }
            await Task.Delay(delay * (0.75 + 0.5 * Random.Shared.NextDouble()), _time, _stop.Token);    // so that many nodes do not return at once
        }
    }

    private async Task SendAloneAsync(List<CloudEvent> batch, RequestFailedException refused)
    {
        if (batch.Count == 1)
        {
            Drop(1);
            LogRefused(batch[0].Type, refused.Status, refused.Message);
            return;
        }
        foreach (CloudEvent happened in batch) { await SendAsync([happened]); }
    }

    private void Drop(int count)
    {
        Interlocked.Add(ref _dropped, count);
        EventMetrics.Dropped.Add(count);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The Event Grid topic did not take {Count} events (status {Status}); tried again in {Seconds} s: {Reason}")]
    private partial void LogFailed(int count, double seconds, int status, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "The Event Grid topic refused an event {Type} for good (status {Status}): {Reason}")]
    private partial void LogRefused(string type, int status, string reason);
}
