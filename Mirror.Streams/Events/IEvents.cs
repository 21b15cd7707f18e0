using Azure.Messaging;

namespace Mirror.Streams.Events;

/// <summary>Tells the world what happens to streams, as CloudEvents 1.0. <see cref="StreamEvent"/> makes them.</summary>
public interface IEvents
{
    /// <summary>Queues an event, which reaches each receiver at least once; between processes in no certain order. Never waits, never throws.</summary>
    /// <returns><see langword="false"/> when the queue is full: the event is lost, and counted in <c>mirror.events.dropped</c>.</returns>
    bool Publish(CloudEvent happened);
}
