using Mirror.Streams.Feed;

namespace Mirror.IngestNode.Streams;

/// <summary>Tells when one track of a stream stays away while the other one arrives.</summary>
internal sealed class TrackWatch(TimeProvider time)
{
    // A slide show may have a frame every few seconds.
    private const double GapsAllowed = 3;

    private static readonly TimeSpan LongestSilence = TimeSpan.FromSeconds(4);
    private static readonly TimeSpan LongestStep = TimeSpan.FromSeconds(1);
    private FeedLayout _layout;
    private Track _video;
    private Track _audio;

    /// <summary>A publisher connected.</summary>
    public void Start() => _video = _audio = default;

    /// <summary>The tracks that are announced.</summary>
    public void SetLayout(FeedLayout layout) => _layout = layout;

    /// <summary>A unit arrived.</summary>
    public void OnUnit(bool isVideo)
    {
        long now = time.GetTimestamp();
        ref Track track = ref isVideo ? ref _video : ref _audio;
        if (track.LastAt is { } last) { track.Gap = time.GetElapsedTime(last, now); }
        track.LastAt = now;
        track.Waited = TimeSpan.Zero;
        // In a pause of the publisher neither arrives, so a long gap does not count.
        ref Track other = ref isVideo ? ref _audio : ref _video;
        other.Waited += track.Gap < LongestStep ? track.Gap : LongestStep;
    }

    /// <summary>Returns what is missing, for people; <see langword="null"/> while all announced tracks arrive.</summary>
    public string? Missing()
    {
        if (_layout.HasVideo && IsMissing(_video)) { return "audio arrives, but no video"; }
        return _layout.HasAudio && IsMissing(_audio) ? "video arrives, but no audio" : null;
    }

    private static bool IsMissing(in Track track)
    {
        TimeSpan patience = track.Gap * GapsAllowed > LongestSilence ? track.Gap * GapsAllowed : LongestSilence;
        return track.Waited >= patience;
    }

    private struct Track
    {
        /// <summary>When the last unit arrived, in timestamp ticks.</summary>
        public long? LastAt;

        /// <summary>The time between its last two units.</summary>
        public TimeSpan Gap;

        /// <summary>How long units of the other track have come without one of this.</summary>
        public TimeSpan Waited;
    }
}
