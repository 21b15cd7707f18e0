namespace Mirror.Streams.Announcements;

/// <summary>Carries announcements from packagers to origins.</summary>
public interface IAnnouncements
{
    /// <summary>Parts of up to this many bytes are worth giving along (<see cref="PartReady.Bytes"/>); 0 where all nodes read the same memory.</summary>
    int LargestBytes => 0;

    /// <summary>Tells every subscriber. Announcements of one rendition arrive in the order in which they were published. Never waits.</summary>
    /// <remarks>
    /// Between processes: announcements queue while the bus is away, bounded. One whose <see cref="Store.RenditionKey.Epoch"/> is not that of the
    /// stream's transcode lease in force is turned down, and <see cref="Fenced"/> raised.
    /// </remarks>
    void Publish(Announcement announcement);

    /// <summary>Calls <paramref name="handler"/> for each announcement from now on, until the result is disposed.</summary>
    /// <remarks>
    /// The handler may be called on the packager's thread: it must return at once, and never throw. Between processes a new subscriber first
    /// gets what the bus still has of each rendition that lives, as if it had been there: RenditionStarted with the first number it gets, the
    /// initialization segment, parts. What it gets twice it must be able to turn down.
    /// </remarks>
    IDisposable Subscribe(Action<Announcement> handler);

    /// <summary>Completes once all that was published of a stream is written, or turned down: its lease may be given back. Takes as long as the bus is away.</summary>
    Task FlushAsync(string streamId) => Task.CompletedTask;

    /// <summary>Where a stream stands, for a packager that takes it.</summary>
    ValueTask<StreamPosition> FindPositionAsync(string streamId, CancellationToken cancellationToken);

    /// <summary>Streams with a rendition that was begun and has not ended: players wait for more of them.</summary>
    ValueTask<IReadOnlyList<string>> ListOpenAsync(CancellationToken cancellationToken) => ValueTask.FromResult<IReadOnlyList<string>>([]);

    /// <summary>An announcement of this stream and epoch was turned down: another node packages it. Never raised in a single process.</summary>
    event Action<string, long>? Fenced;
}

/// <summary>Where the next packager of a stream goes on.</summary>
/// <param name="Renditions">How far its renditions have come; none of a stream that ended, or of which nothing is known.</param>
/// <param name="LastDiscontinuity">
/// The highest discontinuity sequence number announced lately, also of a stream that ended: one that begins anew counts on from there, so that every
/// origin says the same number, whether or not it was there before. <see langword="null"/> if nothing is known.
/// </param>
public sealed record StreamPosition(IReadOnlyList<RenditionPosition> Renditions, int? LastDiscontinuity)
{
    /// <summary>A stream of which nothing is known.</summary>
    public static StreamPosition Unknown { get; } = new([], null);
}

/// <summary>Where the next packager of a rendition goes on.</summary>
/// <param name="Started">The rendition's playlist constants, which may not change.</param>
/// <param name="NextMsn">The first media sequence number that no announced part has.</param>
/// <param name="DiscontinuitySequence">The discontinuity sequence number of the last segment announced.</param>
public sealed record RenditionPosition(RenditionStarted Started, long NextMsn, int DiscontinuitySequence);
