using Mirror.Streams.Announcements;
using Mirror.Streams.Tests.Servers;

namespace Mirror.Streams.Tests.Announcements;

/// <summary>Keeps what a subscriber is told.</summary>
internal sealed class Listener : IDisposable
{
    private readonly Lock _lock = new();
    private readonly List<Announcement> _heard = [];
    private readonly IDisposable _subscription;

    public Listener(IAnnouncements announcements) => _subscription = announcements.Subscribe(OnAnnouncement);

    public IReadOnlyList<Announcement> Heard
    {
        get { lock (_lock) { return [.. _heard]; } }
    }

    /// <summary>The media that it was told of: <c>part 7.0</c>, <c>gap 7.1</c>.</summary>
    public IReadOnlyList<string> Media => [.. Heard.Select(Describe).OfType<string>()];

    public Task UntilAsync(Func<IReadOnlyList<Announcement>, bool> condition, string what) => Eventually.UntilAsync(() => condition(Heard), what);

    public void Dispose() => _subscription.Dispose();

    public static string? Describe(Announcement announcement) => announcement switch
    {
        PartReady part => $"part {part.Msn}.{part.PartIndex}",
        PartMissing part => $"gap {part.Msn}.{part.PartIndex}",
        _ => null,
    };

    private void OnAnnouncement(Announcement announcement)
    {
        lock (_lock) { _heard.Add(announcement is PartReady part ? part with { Bytes = null } : announcement); }
    }
}
