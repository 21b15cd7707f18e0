namespace Mirror.Media.Playlists;

/// <summary>One partial segment as its playlist lists it, EXT-X-PART (draft-pantos-hls-rfc8216bis §4.4.4.9).</summary>
/// <param name="Duration">Its duration; never above the playlist's part target.</param>
/// <param name="IsIndependent">It starts with a random access point: INDEPENDENT=YES.</param>
/// <param name="IsGap">It is missing for good: GAP=YES.</param>
public readonly record struct MediaPart(TimeSpan Duration, bool IsIndependent, bool IsGap);
