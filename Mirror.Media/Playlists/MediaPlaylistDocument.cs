namespace Mirror.Media.Playlists;

/// <summary>A media playlist as its text says, with the values that the tags carry: what a player sees. Durations are exact decimals, in seconds.</summary>
public sealed class MediaPlaylistDocument
{
    /// <summary>EXT-X-VERSION; 1 when absent.</summary>
    public int Version { get; internal set; } = 1;

    /// <summary>EXT-X-TARGETDURATION, in seconds.</summary>
    public int TargetDuration { get; internal set; }

    /// <summary>CAN-BLOCK-RELOAD=YES.</summary>
    public bool CanBlockReload { get; internal set; }

    /// <summary>CAN-SKIP-UNTIL, in seconds.</summary>
    public decimal? CanSkipUntil { get; internal set; }

    /// <summary>HOLD-BACK, in seconds.</summary>
    public decimal? HoldBack { get; internal set; }

    /// <summary>PART-HOLD-BACK, in seconds.</summary>
    public decimal? PartHoldBack { get; internal set; }

    /// <summary>PART-TARGET, in seconds.</summary>
    public decimal? PartTarget { get; internal set; }

    /// <summary>EXT-X-MEDIA-SEQUENCE; 0 when absent.</summary>
    public long MediaSequence { get; internal set; }

    /// <summary>EXT-X-DISCONTINUITY-SEQUENCE; <see langword="null"/> when absent.</summary>
    public long? DiscontinuitySequence { get; internal set; }

    /// <summary>EXT-X-INDEPENDENT-SEGMENTS.</summary>
    public bool IndependentSegments { get; internal set; }

    /// <summary>SKIPPED-SEGMENTS of EXT-X-SKIP; 0 in a whole playlist.</summary>
    public int SkippedSegments { get; internal set; }

    /// <summary>The segments listed, without those skipped.</summary>
    public IReadOnlyList<SegmentEntry> Segments => SegmentList;

    /// <summary>The segment whose parts are listed but which is not yet complete; its URI is empty.</summary>
    public SegmentEntry? OpenSegment { get; internal set; }

    /// <summary>URI of EXT-X-PRELOAD-HINT with TYPE=PART.</summary>
    public string? PreloadHintUri { get; internal set; }

    /// <summary>The EXT-X-RENDITION-REPORT tags.</summary>
    public IReadOnlyList<RenditionReport> Reports => ReportList;

    /// <summary>EXT-X-ENDLIST.</summary>
    public bool IsEnded { get; internal set; }

    /// <summary>Media sequence number of the last complete segment; one less than <see cref="MediaSequence"/> when there is none.</summary>
    public long LastMsn => MediaSequence + SkippedSegments + SegmentList.Count - 1;

    internal List<SegmentEntry> SegmentList { get; } = [];

    internal List<RenditionReport> ReportList { get; } = [];
}

/// <summary>One media segment of a <see cref="MediaPlaylistDocument"/>.</summary>
/// <param name="Msn">Its media sequence number.</param>
/// <param name="Uri">Its URI; empty while it is open.</param>
/// <param name="Duration">EXTINF, in seconds; 0 while it is open.</param>
/// <param name="MapUri">URI of the EXT-X-MAP in force.</param>
/// <param name="ProgramDateTime">Its own EXT-X-PROGRAM-DATE-TIME, in UTC.</param>
/// <param name="StartsDiscontinuity">EXT-X-DISCONTINUITY stands before it.</param>
/// <param name="IsGap">EXT-X-GAP.</param>
/// <param name="Parts">The parts that are listed.</param>
public sealed record SegmentEntry(long Msn, string Uri, decimal Duration, string? MapUri, DateTime? ProgramDateTime,
    bool StartsDiscontinuity, bool IsGap, IReadOnlyList<PartEntry> Parts)
{
    /// <summary>
    /// What the playlist says of it besides its parts, as written: the EXT-X-MAP in force, wherever that stands, then its own tags, known
    /// or not, and its URI. None of these lines may change while it is listed (draft-pantos-hls-rfc8216bis §6.2.1).
    /// </summary>
    public IReadOnlyList<string> Lines { get; init; } = [];
}

/// <summary>One EXT-X-PART of a <see cref="SegmentEntry"/>.</summary>
/// <param name="Uri">URI.</param>
/// <param name="Duration">DURATION, in seconds.</param>
/// <param name="IsIndependent">INDEPENDENT=YES.</param>
/// <param name="IsGap">GAP=YES.</param>
public sealed record PartEntry(string Uri, decimal Duration, bool IsIndependent, bool IsGap)
{
    /// <summary>The tag as written.</summary>
    public string Line { get; init; } = "";
}
