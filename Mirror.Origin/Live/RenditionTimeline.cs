using Mirror.Media.Frames;
using Mirror.Media.Playlists;
using Mirror.Streams.Announcements;
using Mirror.Streams.Store;

namespace Mirror.Origin.Live;

/// <summary>One rendition's segments and parts, built from its announcements; each change makes a new <see cref="PlaylistVersion"/> and wakes who waits for it.</summary>
/// <remarks>
/// Announcements come in order, from one thread at a time; the sweep comes from another, hence the lock. Readers take
/// <see cref="Current"/> and need none. An announcement that does not fit is counted and changes nothing.
/// <para>
/// The EXTINF of a segment comes with the first part of the next one, not with its own last part. hls.js 1.7.4 takes a complete segment
/// for loaded while up to 0.2 s of its end are missing (<c>bufferPadding</c> in fragment-tracker.ts), and never loads that end if it
/// learns of the last part and of the completion at once while it appends the part before. Playback then stalls there for about two
/// seconds. A segment without EXTINF is never taken for loaded.
/// </para>
/// </remarks>
internal sealed class RenditionTimeline
{
    private static readonly TimeSpan LongestHold = TimeSpan.FromMilliseconds(500);      // beyond a part, of the last segment: its publisher is gone
    private const int FewestSegments = 6;               // Apple's authoring rules, 8.11
    private const int MostPartsPerSegment = 4096;       // a segment of seven minutes in parts of 100 ms: a packager that closes none is broken
    private const int MostSegments = 100_000;           // 14 hours in segments of half a second
    private readonly Lock _lock = new();
    private readonly StreamTimeline _stream;
    private readonly OriginOptions _options;
    private readonly OriginMetrics _metrics;
    private readonly TimeProvider _time;
    private readonly SlidingList<LiveSegment> _available = new();
    private readonly SlidingList<MediaSegment> _listed = new();
    private RenditionStarted _constants;
    private LiveInit? _init;
    private LiveSegment? _open;
    private long _openMsn;
    private int _partsOfLastSegment = int.MaxValue;
    private long _partCount;
    private int _dependentSegments;
    private long _discontinuitySequence;
    private bool _isEnded;
    private bool _isNewStream;
    private bool _holdsLastSegment;
    private TimeSpan _listedDuration;
    private TimeSpan _longestPlaylist;
    private long _changedAt;
    private PlaylistVersion _current;

    public RenditionTimeline(StreamTimeline stream, RenditionStarted started, OriginOptions options, OriginMetrics metrics, ParkingLimit parking, TimeProvider time)
    {
        _stream = stream;
        _options = options;
        _metrics = metrics;
        _time = time;
        _constants = started;
        _openMsn = started.FirstMsn;
        _discontinuitySequence = started.FirstDiscontinuitySequence;
        _changedAt = time.GetTimestamp();
        Waiters = new ParkedRequests(this, parking, options.MaxParkedPerRendition, metrics, time);
        _current = CreateVersion();
    }

    public string Name => _constants.Rendition.Rendition;

    public bool IsVideo => _constants.IsVideo;

    /// <summary>PART-TARGET.</summary>
    public TimeSpan PartTarget => _constants.PartTarget;

    /// <summary>How long a request may wait: three target durations (§6.2.5.2).</summary>
    public TimeSpan BlockLimit => TimeSpan.FromSeconds(3L * _constants.TargetDuration);

    /// <summary>How long a shared cache may keep the answer to a blocking reload: six target durations.</summary>
    public int ReloadMaxAgeSeconds => 6 * _constants.TargetDuration;

    public ParkedRequests Waiters { get; }

    public SegmentRates Rates { get; } = new();

    /// <summary>The newest state.</summary>
    public PlaylistVersion Current => Volatile.Read(ref _current);

    /// <summary>It has a format and a complete segment, so a multivariant playlist may name it.</summary>
    public bool IsPlayable
    {
        get
        {
            PlaylistVersion version = Current;
            return version.Init is not null && version.Position.CompleteSegments > 0 && Rates.IsKnown;
        }
    }

    /// <summary>Discontinuity sequence number of the newest segment.</summary>
    public long LastDiscontinuitySequence
    {
        get
        {
            PlaylistVersion version = Current;
            long number = version.Playlist.DiscontinuitySequence + (version.Playlist.OpenSegment is { StartsDiscontinuity: true } ? 1 : 0);
            foreach (MediaSegment segment in version.Playlist.Segments.Span) { number += segment.StartsDiscontinuity ? 1 : 0; }
            return number;
        }
    }

    public TimeSpan IdleTime => _time.GetElapsedTime(Volatile.Read(ref _changedAt));

    /// <summary>Takes the next announcement of this rendition.</summary>
    public void Apply(Announcement announcement)
    {
        lock (_lock)
        {
            bool accepted = announcement switch
            {
                RenditionStarted started => Start(started),
                InitReady init => SetInit(init),
                PartReady part => AddPart(part),
                PartMissing part => AddMissingPart(part),
                SegmentClosed closed => closed.Msn == _openMsn && CloseSegment(),
                RenditionEnded => End(),
                _ => false,
            };
            if (!accepted)
            {
                _metrics.RejectedAnnouncements.Add(1);
                return;
            }
            Volatile.Write(ref _changedAt, _time.GetTimestamp());
            Publish();
        }
        Waiters.Wake();
    }

    /// <summary>A constant of the presentation changed: the next version says so.</summary>
    public void Refresh()
    {
        lock (_lock) { Publish(); }
    }

    /// <summary>Lists the last segment where the part that it waits for does not come, and lets go of those that left the playlist long enough ago.</summary>
    public void Sweep()
    {
        bool isListed;
        lock (_lock)
        {
            isListed = _holdsLastSegment && IdleTime > _constants.PartTarget + LongestHold;
            if (isListed) { ListLastSegment(); }
            if (Purge() || isListed) { Publish(); }
        }
        if (isListed) { Waiters.Wake(); }
    }

    private bool Purge()
    {
        int expired = 0;
        int retired = _available.Count - _listed.Count;
        while (expired < retired && _time.GetElapsedTime(_available[expired].RetiredAt) > _available[expired].Retention)
        {
            ClosePartsOf(_available[expired++]);
        }
        if (expired == 0) { return false; }
        LiveInit last = _available[expired - 1].Init;
        for (int i = 1; i < expired; i++) { CloseUnlessUsed(_available[i - 1].Init, _available[i].Init); }
        _available.RemoveFirst(expired);
        CloseUnlessUsed(last, _available.Count > 0 ? _available[0].Init : _open?.Init);
        return true;
    }

    /// <summary>Lets go of everything: the rendition is forgotten.</summary>
    public void Close()
    {
        lock (_lock)
        {
            _isEnded = true;
            foreach (LiveSegment segment in _available.View.Span)
            {
                ClosePartsOf(segment);
                segment.Init.Close();
            }
            if (_open is not null) { ClosePartsOf(_open); }
            _open?.Init.Close();
            _init?.Close();
            Publish();
        }
        Waiters.Wake();
    }

    // A first start is the constructor's. This one follows a publisher's return, or an end: numbers go on or jump forward, never back.
    private bool Start(RenditionStarted started)
    {
        if (started.FirstMsn < (_open is null ? _openMsn : _openMsn + 1) || started.IsVideo != _constants.IsVideo) { return false; }
        if (_open is not null) { CloseSegment(); }
        ListLastSegment();
        if (_isEnded || started.FirstMsn != _openMsn)
        {
            RemoveFromPlaylist(_listed.Count);
            _partsOfLastSegment = int.MaxValue;
            _discontinuitySequence = Math.Max(_discontinuitySequence, started.FirstDiscontinuitySequence);
        }
        _constants = _isEnded ? started : started with
        {
            TargetDuration = Math.Max(started.TargetDuration, _constants.TargetDuration),      // may not change while the playlist lives
            PartTarget = started.PartTarget > _constants.PartTarget ? started.PartTarget : _constants.PartTarget,
        };
        _openMsn = started.FirstMsn;
        _isNewStream |= _isEnded;
        _isEnded = false;
        return true;
    }

    private bool SetInit(InitReady init)
    {
        if (_isEnded || init.Length <= 0) { return false; }
        if (_init?.Name == init.Name && _init.Rendition == init.Rendition)
        {
            _init.Track = _isNewStream ? init.Track : WithCaptionsOf(init.Track, _init.Track);
            _isNewStream = false;
            return true;
        }
        _isNewStream = false;
        LiveInit? used = _open?.Init ?? (_available.Count > 0 ? _available[_available.Count - 1].Init : null);
        if (_init != used) { _init?.Close(); }
        _init = new LiveInit(init.Rendition, init.Name, init.Length, init.Track);
        return true;
    }

    /// <summary>Keeps captions that were known: a packager or worker that took over has not seen them yet.</summary>
    private static Track WithCaptionsOf(Track track, Track before)
    {
        if (track is not VideoTrack video || before is not VideoTrack known) { return track; }
        return video with { Captions = CaptionServices.Union(video.Captions, known.Captions) };
    }

    private bool AddPart(PartReady part)
    {
        if (part.Length <= 0 || part.Offset < 0 || !CanAdd(part.Msn, part.PartIndex)) { return false; }
        ListLastSegment();
        _open ??= OpenSegment(part.ProgramTime, part.StartsDiscontinuity);
        var live = new LivePart(new SegmentKey(part.Rendition, part.Msn), part.PartIndex, part.Offset, part.Length, isGap: false);
        _open.Add(live, new MediaPart(ToTimeSpan(part.Duration), part.IsIndependent, IsGap: false));
        _partCount++;
        return !part.EndsSegment || CloseSegment(holdsIt: true);
    }

    private bool AddMissingPart(PartMissing part)
    {
        if (_init is null && !_isEnded) { return PassOver(part); }
        if (!CanAdd(part.Msn, part.PartIndex)) { return false; }
        ListLastSegment();
        _open ??= OpenSegment(part.ProgramTime, part.StartsDiscontinuity);
        var live = new LivePart(new SegmentKey(part.Rendition, part.Msn), part.PartIndex, 0, 0, isGap: true);
        _open.Add(live, new MediaPart(ToTimeSpan(part.Duration), IsIndependent: false, IsGap: true));
        _partCount++;
        return !part.EndsSegment || CloseSegment(holdsIt: true);
    }

    /// <summary>Nothing can be listed before the format is known, but its discontinuities count: other renditions, and other origins, have them.</summary>
    private bool PassOver(PartMissing part)
    {
        if (part.Msn < _openMsn || part.PartIndex != 0) { return false; }
        if (part.StartsDiscontinuity) { _discontinuitySequence++; }
        _openMsn = part.Msn + 1;
        return true;
    }

    private bool CanAdd(long msn, int partIndex)
    {
        if (_isEnded || _init is null) { return false; }
        // What was missing before the format was known has no place in a playlist: it begins with the first segment that has.
        if (_available.Count == 0 && _open is null && partIndex == 0 && msn > _openMsn) { _openMsn = msn; }
        return msn == _openMsn && partIndex == (_open?.Parts.Length ?? 0) && partIndex < MostPartsPerSegment;
    }

    private LiveSegment OpenSegment(DateTime programTime, bool startsDiscontinuity)
    {
        return new LiveSegment(_openMsn, _init!, programTime, startsDiscontinuity);
    }

    /// <summary>Closes the open segment. With <paramref name="holdsIt"/> its EXTINF is left to the next part, which follows at once.</summary>
    private bool CloseSegment(bool holdsIt = false)
    {
        if (_open is not { } segment) { return false; }
        _available.Add(segment);
        _listed.Add(segment.ToListing());
        _listedDuration += segment.Duration;
        if (!segment.IsGap)
        {
            Rates.Add(segment.LengthInBytes, segment.Duration);
            if (!segment.StartsIndependent) { _dependentSegments++; }
        }
        // Taken before the window slides: what a playlist has listed includes parts of one segment more than it keeps.
        _longestPlaylist = _listedDuration > _longestPlaylist ? _listedDuration : _longestPlaylist;
        _partsOfLastSegment = segment.Parts.Length;
        _openMsn = segment.Msn + 1;
        _open = null;
        _holdsLastSegment = true;
        if (!holdsIt) { ListLastSegment(); }
        _stream.OnSegmentClosed();
        return true;
    }

    private void ListLastSegment()
    {
        if (!_holdsLastSegment) { return; }
        _holdsLastSegment = false;
        RemoveFromPlaylist(CountSegmentsBeyondWindow());
    }

    private bool End()
    {
        if (_isEnded) { return false; }
        CloseSegment();
        ListLastSegment();
        _isEnded = true;
        return true;
    }

    private int CountSegmentsBeyondWindow()
    {
        TimeSpan shortest = _options.LiveWindow > BlockLimit ? _options.LiveWindow : BlockLimit;
        TimeSpan left = _listedDuration;
        int count = 0;
        while (_listed.Count - count > FewestSegments && (left - _listed[count].Duration >= shortest || _listed.Count - count > MostSegments))
        {
            left -= _listed[count++].Duration;
        }
        return count;
    }

    // What leaves the playlist stays available for its duration and that of the longest playlist that listed it (§6.2.2).
    private void RemoveFromPlaylist(int count)
    {
        int first = _available.Count - _listed.Count;
        for (int i = first; i < first + count; i++)
        {
            LiveSegment segment = _available[i];
            segment.RetiredAt = _time.GetTimestamp();
            segment.Retention = segment.Duration + _longestPlaylist;
            foreach (LivePart part in segment.Parts.Span) { part.Evict(); }
            if (segment.StartsDiscontinuity) { _discontinuitySequence++; }
            if (!segment.IsGap && !segment.StartsIndependent) { _dependentSegments--; }
            _listedDuration -= segment.Duration;
        }
        _listed.RemoveFirst(count);
    }

    private void Publish() => Volatile.Write(ref _current, CreateVersion());

    private PlaylistVersion CreateVersion()
    {
        int complete = _listed.Count - (_holdsLastSegment ? 1 : 0);
        ReadOnlyMemory<MediaSegment> listed = _listed.View;
        bool independent = _dependentSegments == 0 && (_open is null || _open.IsGap || _open.StartsIndependent);
        return new PlaylistVersion(_stream, Name)
        {
            Position = new TimelinePosition(_openMsn, _open?.Parts.Length ?? 0, _partsOfLastSegment, complete, _holdsLastSegment, AdvancePartLimit(), _isEnded),
            Playlist = new MediaPlaylist
            {
                Control = new ServerControl(_constants.TargetDuration, _constants.PartTarget, _stream.PartHoldBack),
                DiscontinuitySequence = _discontinuitySequence,
                IndependentSegments = independent,
                Segments = listed[..complete],
                OpenSegment = _holdsLastSegment ? listed.Span[^1] : _open?.ToListing(),
                OpenMsn = _openMsn,
                IsEnded = _isEnded,
            },
            Available = _available.View,
            Open = _open,
            OpenParts = _open?.Parts ?? default,
            PartCount = _partCount,
            Init = _init,
        };
    }

    // §6.2.5.2: three parts, or as many as fit three seconds where parts are shorter than one.
    private int AdvancePartLimit()
    {
        double seconds = _constants.PartTarget.TotalSeconds;
        return seconds is > 0 and < 1 ? (int)Math.Ceiling(3 / seconds - 1e-9) : 3;
    }

    // Rounded to 100 ns. Durations are 32 bits and a timescale is at least 1, so the product fits.
    private TimeSpan ToTimeSpan(uint duration)
    {
        long timescale = Math.Max(1, _constants.Timescale);
        return TimeSpan.FromTicks((duration * TimeSpan.TicksPerSecond + timescale / 2) / timescale);
    }

    // Segments in a row share an initialization segment; the last of the row lets go of it.
    private void CloseUnlessUsed(LiveInit init, LiveInit? next)
    {
        if (init != next && init != _init) { init.Close(); }
    }

    private static void ClosePartsOf(LiveSegment segment)
    {
        foreach (LivePart part in segment.Parts.Span) { part.Close(); }
    }
}
