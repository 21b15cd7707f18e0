namespace Mirror.Streams.Announcements;

/// <summary>Carries announcements from packagers to origins.</summary>
public interface IAnnouncements
{
    /// <summary>Tells every subscriber. Announcements of one rendition arrive in the order in which they were published.</summary>
    void Publish(Announcement announcement);

    /// <summary>Calls <paramref name="handler"/> for each announcement from now on, until the result is disposed.</summary>
    /// <remarks>The handler may be called on the packager's thread: it must return at once, and never throw.</remarks>
    IDisposable Subscribe(Action<Announcement> handler);
}
