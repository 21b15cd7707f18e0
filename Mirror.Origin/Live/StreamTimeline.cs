using Mirror.Media.Frames;
using Mirror.Media.Playlists;
using Mirror.Streams.Announcements;
using Mirror.Streams.Registry;

namespace Mirror.Origin.Live;

/// <summary>One live stream: its renditions, what they share, and its multivariant playlist.</summary>
internal sealed class StreamTimeline(string name, OriginOptions options, OriginMetrics metrics, ParkingLimit parking, TimeProvider time)
{
    private const int MostRenditions = 64;                                  // a ladder has ten rungs; beyond that somebody floods
    private static readonly TimeSpan StaleAfter = TimeSpan.FromMinutes(10); // a packager that died without a word
    private static readonly TimeSpan EmptyAfter = TimeSpan.FromMinutes(1);  // admitted from the registry, but nothing came
    private readonly Lock _lock = new();
    private readonly long _createdAt = time.GetTimestamp();
    private readonly ChangeSignal _changed = new();
    private RenditionTimeline[] _renditions = [];
    private int _revision;
    private long _epoch;                                                    // announcements of a stream come one after the other
    private MultivariantVersion? _multivariant;
    private long _partHoldBackTicks;
    private int _discontinuityOffset;

    public string Name => name;

    /// <summary>In order of their first appearance; a snapshot.</summary>
    public ReadOnlySpan<RenditionTimeline> Renditions => Volatile.Read(ref _renditions);

    /// <summary>Signalled when a rendition appears, ends, or completes a segment.</summary>
    public ChangeSignal Changed => _changed;

    /// <summary>PART-HOLD-BACK, the same in all playlists: a multiple of the largest part target.</summary>
    public TimeSpan PartHoldBack => TimeSpan.FromTicks(Volatile.Read(ref _partHoldBackTicks));

    /// <summary>How long a request may wait while nothing is known of the stream; else its renditions' own limit.</summary>
    public TimeSpan BlockLimit
    {
        get
        {
            ReadOnlySpan<RenditionTimeline> renditions = Renditions;
            return renditions.IsEmpty ? TimeSpan.FromSeconds(5) : renditions[0].BlockLimit;
        }
    }

    /// <summary>Nobody can want it any more: it ended, died or never came.</summary>
    public bool IsOver
    {
        get
        {
            ReadOnlySpan<RenditionTimeline> renditions = Renditions;
            if (renditions.IsEmpty) { return time.GetElapsedTime(_createdAt) > EmptyAfter; }
            TimeSpan endedRetention = options.EndedRetention > 3 * options.LiveWindow ? options.EndedRetention : 3 * options.LiveWindow;
            foreach (RenditionTimeline rendition in renditions)
            {
                if (rendition.IdleTime <= (rendition.Current.Position.IsEnded ? endedRetention : StaleAfter)) { return false; }
            }
            return true;
        }
    }

    public RenditionTimeline? Find(ReadOnlySpan<char> rendition)
    {
        foreach (RenditionTimeline candidate in Renditions)
        {
            if (rendition.SequenceEqual(candidate.Name)) { return candidate; }
        }
        return null;
    }

    public void Apply(Announcement announcement)
    {
        // A packager that lost the stream to another and does not know it yet.
        if (announcement.Rendition.Epoch < _epoch)
        {
            metrics.RejectedAnnouncements.Add(1);
            return;
        }
        _epoch = announcement.Rendition.Epoch;
        if (announcement is RenditionStarted begun) { announcement = Number(begun); }
        RenditionTimeline? rendition = Find(announcement.Rendition.Rendition);
        if (rendition is not null) { rendition.Apply(announcement); }
        else if (announcement is not RenditionStarted started || !TryAdd(started)) { metrics.RejectedAnnouncements.Add(1); }
        if (announcement is not RenditionStarted and not InitReady and not RenditionEnded) { return; }
        UpdatePartHoldBack();
        OnChanged();
    }

    /// <summary>A rendition completed a segment: its rates changed, and it may now be complete.</summary>
    public void OnSegmentClosed() => OnChanged();

    /// <summary>Whether everything that the stream is known to consist of can be played.</summary>
    /// <param name="record">The registry's record, if it has one.</param>
    public bool IsComplete(StreamRecord? record)
    {
        bool hasVideo = false;
        bool hasAudio = false;
        foreach (RenditionTimeline rendition in Renditions)
        {
            if (rendition.Current.Position.IsEnded) { continue; }
            if (!rendition.IsPlayable) { return false; }
            hasVideo |= rendition.IsVideo;
            hasAudio |= !rendition.IsVideo;
        }
        if (!hasVideo && !hasAudio) { return IsPlayable; }
        return (hasVideo || !IsExpected(record?.Video)) && (hasAudio || !IsExpected(record?.Audio));
    }

    // What cannot be delivered as it comes is transcoded, or stays away: nobody can tell here.
    private static bool IsExpected(Track? track) => track is not null && track.IsDeliverable;

    /// <summary>Whether any rendition can be played.</summary>
    public bool IsPlayable
    {
        get
        {
            foreach (RenditionTimeline rendition in Renditions)
            {
                if (rendition.IsPlayable) { return true; }
            }
            return false;
        }
    }

    /// <summary>The multivariant playlist of the renditions that can be played; rendered at most once for each change.</summary>
    public MultivariantVersion GetMultivariant()
    {
        int revision = Volatile.Read(ref _revision);
        MultivariantVersion? cached = Volatile.Read(ref _multivariant);
        if (cached?.Revision == revision) { return cached; }
        lock (_lock)
        {
            revision = Volatile.Read(ref _revision);
            if (_multivariant?.Revision == revision) { return _multivariant; }
            MultivariantVersion version = MultivariantVersion.Create(revision, Renditions);
            Volatile.Write(ref _multivariant, version);
            return version;
        }
    }

    public void Sweep()
    {
        foreach (RenditionTimeline rendition in Renditions)
        {
            rendition.Waiters.Expire();
            rendition.Sweep();
        }
    }

    public void Stop()
    {
        foreach (RenditionTimeline rendition in Renditions) { rendition.Waiters.Stop(); }
        _changed.Pulse();
    }

    public void Close()
    {
        foreach (RenditionTimeline rendition in Renditions) { rendition.Close(); }
        OnChanged();
    }

    /// <summary>A stream that begins anew counts its discontinuities from 0 again, which playlists may not: they go on counting.</summary>
    private RenditionStarted Number(RenditionStarted started)
    {
        long last = -1;
        bool isAnew = true;
        foreach (RenditionTimeline rendition in Renditions)
        {
            last = Math.Max(last, rendition.LastDiscontinuitySequence);
            isAnew &= rendition.Current.Position.IsEnded;
        }
        if (isAnew) { _discontinuityOffset = (int)Math.Max(0, last + 1 - started.FirstDiscontinuitySequence); }
        return started with { FirstDiscontinuitySequence = started.FirstDiscontinuitySequence + _discontinuityOffset };
    }

    private bool TryAdd(RenditionStarted started)
    {
        lock (_lock)
        {
            if (_renditions.Length == MostRenditions) { return false; }
            var rendition = new RenditionTimeline(this, started, options, metrics, parking, time);
            Volatile.Write(ref _renditions, [.. _renditions, rendition]);
            return true;
        }
    }

    private void UpdatePartHoldBack()
    {
        TimeSpan largest = TimeSpan.Zero;
        foreach (RenditionTimeline rendition in Renditions)
        {
            // Renditions that ended count as well: the value may not change while any playlist lives, nor at its end.
            if (rendition.PartTarget > largest) { largest = rendition.PartTarget; }
        }
        long ticks = (largest * options.PartHoldBack).Ticks;
        if (Interlocked.Exchange(ref _partHoldBackTicks, ticks) == ticks) { return; }
        foreach (RenditionTimeline rendition in Renditions) { rendition.Refresh(); }
    }

    private void OnChanged()
    {
        Interlocked.Increment(ref _revision);
        _changed.Pulse();
    }
}
