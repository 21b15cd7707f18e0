namespace Mirror.Media.Playlists;

/// <summary>One state of a live Low-Latency HLS media playlist (draft-pantos-hls-rfc8216bis §4.4.3 to §4.4.5). Immutable.</summary>
public sealed record MediaPlaylist
{
    /// <summary>The tags that never change.</summary>
    public required ServerControl Control { get; init; }

    /// <summary>EXT-X-DISCONTINUITY-SEQUENCE: discontinuities that have left the playlist.</summary>
    public long DiscontinuitySequence { get; init; }

    /// <summary>Every listed segment starts with an independent part: EXT-X-INDEPENDENT-SEGMENTS.</summary>
    public bool IndependentSegments { get; init; }

    /// <summary>The complete segments, consecutive in <see cref="MediaSegment.Msn"/>.</summary>
    public ReadOnlyMemory<MediaSegment> Segments { get; init; }

    /// <summary>The segment that is listed by its parts alone: parts still appear, or its EXTINF comes with the first part of the next one.</summary>
    public MediaSegment? OpenSegment { get; init; }

    /// <summary>Media sequence number of the segment that the next part belongs to.</summary>
    public required long OpenMsn { get; init; }

    /// <summary>Nothing follows: EXT-X-ENDLIST, and no EXT-X-PRELOAD-HINT.</summary>
    public bool IsEnded { get; init; }

    /// <summary>EXT-X-MEDIA-SEQUENCE: number of the first segment listed, or to be listed.</summary>
    public long MediaSequence => Segments.IsEmpty ? OpenSegment?.Msn ?? OpenMsn : Segments.Span[0].Msn;

    /// <summary>Index of the next part, which EXT-X-PRELOAD-HINT names, in its segment <see cref="OpenMsn"/>.</summary>
    public int NextPart => OpenSegment?.Msn == OpenMsn ? OpenSegment.Parts.Length : 0;

    /// <summary>Segments from the start that a delta update leaves out: those that end further from the last segment's end than the skip boundary.</summary>
    public int CountSkippableSegments()
    {
        ReadOnlySpan<MediaSegment> segments = Segments.Span;
        TimeSpan fromEnd = TimeSpan.Zero;
        for (int i = segments.Length - 1; i >= 0; i--)
        {
            if (fromEnd > Control.SkipBoundary) { return i + 1; }
            fromEnd += segments[i].Duration;
        }
        return 0;
    }

    /// <summary>Index of the first segment of which some part is within three target durations of the playlist's end: parts are listed from it on.</summary>
    public int FirstSegmentWithParts()
    {
        ReadOnlySpan<MediaSegment> segments = Segments.Span;
        TimeSpan fromEnd = OpenSegment?.Duration ?? TimeSpan.Zero;
        for (int i = segments.Length - 1; i >= 0; i--)
        {
            if (fromEnd >= Control.PartBoundary) { return i + 1; }
            fromEnd += segments[i].Duration;
        }
        return 0;
    }
}
