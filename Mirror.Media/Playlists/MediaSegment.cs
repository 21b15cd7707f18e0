namespace Mirror.Media.Playlists;

/// <summary>One media segment with its parts (draft-pantos-hls-rfc8216bis §4.4.4). Its URI is <c>{Msn}.m4s</c>, that of a part <c>{Msn}.{index}.m4s</c>.</summary>
public sealed record MediaSegment
{
    /// <summary>Media sequence number.</summary>
    public required long Msn { get; init; }

    /// <summary>URI of the initialization segment in force, relative to the playlist: EXT-X-MAP.</summary>
    public required string MapUri { get; init; }

    /// <summary>Wall-clock time (UTC) of the first sample's presentation: EXT-X-PROGRAM-DATE-TIME, written to the millisecond.</summary>
    public required DateTime ProgramDateTime { get; init; }

    /// <summary>EXT-X-DISCONTINUITY stands before it.</summary>
    public bool StartsDiscontinuity { get; init; }

    /// <summary>Sum of the parts' durations: EXTINF.</summary>
    public TimeSpan Duration { get; init; }

    /// <summary>Nothing of it exists: EXT-X-GAP.</summary>
    public bool IsGap { get; init; }

    /// <summary>Its parts, in order.</summary>
    public ReadOnlyMemory<MediaPart> Parts { get; init; }
}
