using System.Collections.Immutable;
using System.Threading.Channels;
using Azure.Messaging;
using Microsoft.Extensions.Logging;

namespace Mirror.Streams.Events;

/// <summary>Events within one process. Each subscriber has a bounded queue and a task of its own, so that a slow one holds up nobody.</summary>
/// <param name="queueLength">Events that may wait for one subscriber; further ones are dropped and counted.</param>
/// <param name="logger">Logs a subscriber that failed.</param>
public sealed partial class LocalEvents(int queueLength, ILogger<LocalEvents> logger) : IEvents, IAsyncDisposable
{
    private ImmutableArray<Subscriber> _subscribers = [];
    private long _dropped;

    /// <summary>Events that some subscriber lost to its full queue.</summary>
    public long Dropped => Interlocked.Read(ref _dropped);

    /// <inheritdoc/>
    public bool Publish(CloudEvent happened)
    {
        ArgumentNullException.ThrowIfNull(happened);
        EventMetrics.Published.Add(1, new KeyValuePair<string, object?>("type", happened.Type));
        bool taken = true;
        foreach (Subscriber subscriber in _subscribers)
        {
            if (subscriber.Queue.Writer.TryWrite(happened)) { continue; }
            taken = false;
            Interlocked.Increment(ref _dropped);
            EventMetrics.Dropped.Add(1);
        }
        return taken;
    }

    /// <summary>Calls <paramref name="handler"/> for each event from now on, one after the other, until the result is disposed.</summary>
    /// <remarks>A handler that throws loses that one event: repeating is the handler's affair.</remarks>
    public IAsyncDisposable Subscribe(Func<CloudEvent, CancellationToken, Task> handler)
    {
        var subscriber = new Subscriber(this, handler, Channel.CreateBounded<CloudEvent>(new BoundedChannelOptions(queueLength) { SingleReader = true }));
        ImmutableInterlocked.Update(ref _subscribers, static (all, added) => all.Add(added), subscriber);
        return subscriber;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (Subscriber subscriber in _subscribers) { await subscriber.DisposeAsync(); }
    }

    private sealed class Subscriber : IAsyncDisposable
    {
        private readonly LocalEvents _owner;
        private readonly Func<CloudEvent, CancellationToken, Task> _handler;
        private readonly CancellationTokenSource _stop = new();
        private readonly Task _pump;

        public Subscriber(LocalEvents owner, Func<CloudEvent, CancellationToken, Task> handler, Channel<CloudEvent> queue)
        {
            _owner = owner;
            _handler = handler;
            Queue = queue;
            _pump = Task.Run(PumpAsync);
        }

        public Channel<CloudEvent> Queue { get; }

        public async ValueTask DisposeAsync()
        {
            ImmutableInterlocked.Update(ref _owner._subscribers, static (all, removed) => all.Remove(removed), this);
            if (!Queue.Writer.TryComplete()) { return; }
            await _stop.CancelAsync();
            await _pump;
            _stop.Dispose();
        }

        private async Task PumpAsync()
        {
            await foreach (CloudEvent happened in Queue.Reader.ReadAllAsync())
            {
                if (_stop.IsCancellationRequested) { break; }
                try { await _handler(happened, _stop.Token); }
                catch (OperationCanceledException) when (_stop.IsCancellationRequested) { break; }
                catch (Exception error) { _owner.LogFailed(happened.Type, error); }
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "A receiver of the event {Type} failed")]
    private partial void LogFailed(string type, Exception error);
}
