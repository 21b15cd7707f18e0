using System.Collections.Immutable;

namespace Mirror.Streams.Announcements;

/// <summary>Announcements within one process: a call a subscriber, on the publisher's thread.</summary>
public sealed class LocalAnnouncements : IAnnouncements
{
    private ImmutableArray<Action<Announcement>> _handlers = [];

    /// <inheritdoc/>
    public void Publish(Announcement announcement)
    {
        foreach (Action<Announcement> handler in _handlers) { handler(announcement); }
    }

    /// <inheritdoc/>
    public IDisposable Subscribe(Action<Announcement> handler)
    {
        ImmutableInterlocked.Update(ref _handlers, static (handlers, added) => handlers.Add(added), handler);
        return new Subscription(this, handler);
    }

    /// <inheritdoc/>
    /// <remarks>In a single process nobody takes over.</remarks>
    public ValueTask<StreamPosition> FindPositionAsync(string streamId, CancellationToken cancellationToken) => ValueTask.FromResult(StreamPosition.Unknown);

    /// <inheritdoc/>
    public event Action<string, long>? Fenced { add { } remove { } }

    private sealed class Subscription(LocalAnnouncements owner, Action<Announcement> handler) : IDisposable
    {
        public void Dispose() => ImmutableInterlocked.Update(ref owner._handlers, static (handlers, removed) => handlers.Remove(removed), handler);
    }
}
