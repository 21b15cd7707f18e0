using Mirror.Media.Playlists;

namespace Mirror.Origin.Live;

/// <summary>One segment of a timeline, from its first part on. Changed only by its timeline; readers hold views that do not change.</summary>
internal sealed class LiveSegment(long msn, LiveInit init, DateTime programTime, bool startsDiscontinuity)
{
    private readonly SlidingList<LivePart> _parts = new();
    private readonly SlidingList<MediaPart> _listing = new();
    private TimeSpan _duration;

    public long Msn => msn;

    public LiveInit Init => init;

    public TimeSpan Duration => _duration;

    /// <summary>Bytes of all parts so far.</summary>
    public long LengthInBytes { get; private set; }

    public ReadOnlyMemory<LivePart> Parts => _parts.View;

    /// <summary>It starts with a random access point.</summary>
    public bool StartsIndependent => _listing.Count > 0 && _listing[0].IsIndependent;

    public bool IsGap { get; private set; } = true;

    public bool StartsDiscontinuity => startsDiscontinuity;

    /// <summary>When it left the playlist, in ticks of the clock's timestamp.</summary>
    public long RetiredAt { get; set; }

    /// <summary>How long it stays available after that.</summary>
    public TimeSpan Retention { get; set; }

    public void Add(LivePart part, MediaPart listing)
    {
        _parts.Add(part);
        _listing.Add(listing);
        _duration += listing.Duration;
        LengthInBytes += part.IsGap ? 0 : part.Length;
        IsGap &= part.IsGap;
    }

    /// <summary>The segment as the playlist lists it now.</summary>
    public MediaSegment ToListing() => new()
    {
        Msn = msn,
        MapUri = init.Name,
        ProgramDateTime = programTime,
        StartsDiscontinuity = startsDiscontinuity,
        Duration = _duration,
        IsGap = IsGap,
        Parts = _listing.View,
    };
}
