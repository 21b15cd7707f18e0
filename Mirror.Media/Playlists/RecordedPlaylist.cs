namespace Mirror.Media.Playlists;

/// <summary>A media playlist of a recording: whole segments, without parts (draft-pantos-hls-rfc8216bis §4.4.3.5). Immutable.</summary>
public sealed record RecordedPlaylist
{
    /// <summary>EXT-X-TARGETDURATION, in whole seconds, at least 1.</summary>
    public required int TargetDuration { get; init; }

    /// <summary>EXT-X-MEDIA-SEQUENCE: segments that have left the playlist.</summary>
    public long MediaSequence { get; init; }

    /// <summary>EXT-X-DISCONTINUITY-SEQUENCE: discontinuities that have left the playlist.</summary>
    public int DiscontinuitySequence { get; init; }

    /// <summary>The segments, in order. Their numbers are those of their URIs and may jump.</summary>
    public required IReadOnlyList<MediaSegment> Segments { get; init; }

    /// <summary>Every segment starts with a random access point: EXT-X-INDEPENDENT-SEGMENTS.</summary>
    public bool IndependentSegments { get; init; }

    /// <summary>
    /// Nothing follows: EXT-X-PLAYLIST-TYPE:VOD and EXT-X-ENDLIST. Otherwise EVENT, which promises that nothing leaves the playlist, and so is left
    /// out where something has (§6.2.1).
    /// </summary>
    public required bool IsComplete { get; init; }
}
