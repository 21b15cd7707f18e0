namespace Mirror.Media.Playlists;

/// <summary>What stays the same for a playlist's life: EXT-X-TARGETDURATION, EXT-X-PART-INF and EXT-X-SERVER-CONTROL (draft-pantos-hls-rfc8216bis §4.4.3).</summary>
/// <param name="TargetDuration">EXT-X-TARGETDURATION, in whole seconds, at least 1.</param>
/// <param name="PartTarget">PART-TARGET, written rounded up to the microsecond so that no rounded part exceeds it.</param>
/// <param name="PartHoldBack">PART-HOLD-BACK: at least twice, better three times the largest part target of the presentation.</param>
public sealed record ServerControl(int TargetDuration, TimeSpan PartTarget, TimeSpan PartHoldBack)
{
    /// <summary>HOLD-BACK: three target durations, the least that §4.4.3.8 allows.</summary>
    public TimeSpan HoldBack => TimeSpan.FromSeconds(3L * TargetDuration);

    /// <summary>CAN-SKIP-UNTIL, the skip boundary: six target durations, the least that §4.4.3.8 allows.</summary>
    public TimeSpan SkipBoundary => TimeSpan.FromSeconds(6L * TargetDuration);

    /// <summary>How far from the playlist's end EXT-X-PART tags go on being listed: three target durations (§6.2.2).</summary>
    public TimeSpan PartBoundary => TimeSpan.FromSeconds(3L * TargetDuration);
}
