using Mirror.Streams.Announcements;

namespace Mirror.GpuTranscode.Publishing;

/// <summary>The announcements of one stream, until another node takes it over.</summary>
internal sealed class AnnouncementGate(IAnnouncements announcements) : IAnnouncements
{
    private volatile bool _isClosed;

    public event Action<string, long>? Fenced
    {
        add => announcements.Fenced += value;
        remove => announcements.Fenced -= value;
    }

    public int LargestBytes => announcements.LargestBytes;

    /// <summary>Nothing is announced any more.</summary>
    public void Close() => _isClosed = true;

    public void Publish(Announcement announcement)
    {
        if (!_isClosed) { announcements.Publish(announcement); }
    }

    public Task FlushAsync(string streamId) => announcements.FlushAsync(streamId);

    public IDisposable Subscribe(Action<Announcement> handler) => announcements.Subscribe(handler);

    public ValueTask<StreamPosition> FindPositionAsync(string streamId, CancellationToken cancellationToken)
        => announcements.FindPositionAsync(streamId, cancellationToken);
}
