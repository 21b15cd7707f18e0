using Mirror.Media.Frames;
using Mirror.Streams.Store;

namespace Mirror.Streams.Announcements;

/// <summary>What a packager tells the origins about one rendition, in order.</summary>
/// <param name="Rendition">The rendition spoken of.</param>
public abstract record Announcement(RenditionKey Rendition);

/// <summary>A rendition begins, or goes on after its publisher returned: its playlist constants, which stay for its life.</summary>
/// <param name="Rendition">The rendition.</param>
/// <param name="IsVideo">Video, or else audio.</param>
/// <param name="Timescale">Ticks per second of every duration announced.</param>
/// <param name="TargetDuration">EXT-X-TARGETDURATION, in seconds; the same for all renditions of a stream.</param>
/// <param name="PartTarget">PART-TARGET: no part is longer.</param>
/// <param name="FirstMsn">Media sequence number of the first segment to come.</param>
public sealed record RenditionStarted(RenditionKey Rendition, bool IsVideo, uint Timescale, int TargetDuration, TimeSpan PartTarget, long FirstMsn)
    : Announcement(Rendition)
{
    /// <summary>EXT-X-DISCONTINUITY-SEQUENCE of a playlist that begins with the first segment; a discontinuity before that segment comes on top (draft-pantos-hls-rfc8216bis §4.4.3.3).</summary>
    public int FirstDiscontinuitySequence { get; init; }
}

/// <summary>The initialization segment for the parts that follow, already in the store.</summary>
/// <param name="Rendition">The rendition.</param>
/// <param name="Name">Its name, unique by content: <c>init-1f0c9a2b.mp4</c>.</param>
/// <param name="Length">Its length in bytes.</param>
/// <param name="Track">The format: codec string, resolution, frame rate or channels.</param>
public sealed record InitReady(RenditionKey Rendition, string Name, int Length, Track Track) : Announcement(Rendition);

/// <summary>A part is in the store and may be listed.</summary>
/// <param name="Rendition">The rendition.</param>
/// <param name="Msn">Media sequence number of its segment.</param>
/// <param name="PartIndex">Its place within the segment, from 0.</param>
/// <param name="Duration">Its duration in ticks of the rendition's timescale.</param>
/// <param name="Offset">Its first byte within the segment.</param>
/// <param name="Length">Its length in bytes.</param>
/// <param name="IsIndependent">It starts with a random access point.</param>
/// <param name="EndsSegment">It is the last of its segment.</param>
/// <param name="StartsDiscontinuity">EXT-X-DISCONTINUITY goes before it; only ever true for part 0.</param>
/// <param name="ProgramTime">Wall-clock time (UTC) of its first sample's presentation.</param>
/// <param name="ReceivedTimestamp">When its last input byte arrived, in <see cref="TimeProvider.GetTimestamp"/> ticks of the ingest node; 0 when unknown.</param>
public sealed record PartReady(RenditionKey Rendition, long Msn, int PartIndex, uint Duration, long Offset, int Length, bool IsIndependent,
    bool EndsSegment, bool StartsDiscontinuity, DateTime ProgramTime, long ReceivedTimestamp) : Announcement(Rendition)
{
    /// <summary>
    /// The part's bytes, where they go along (small parts between processes), so that an origin need not ask the store. Belongs to the
    /// publisher, or the bus: valid during the call that gives it, retained by whoever keeps it.
    /// </summary>
    public MediaBuffer? Bytes { get; init; }
}

/// <summary>The open segment ends with the parts announced so far: its end was not known when the last one was.</summary>
/// <param name="Rendition">The rendition.</param>
/// <param name="Msn">The segment, which has at least one part.</param>
public sealed record SegmentClosed(RenditionKey Rendition, long Msn) : Announcement(Rendition);

/// <summary>A part, or a whole segment, that should be there is missing for good: EXT-X-GAP, or GAP=YES on the part.</summary>
/// <param name="Rendition">The rendition.</param>
/// <param name="Msn">The segment.</param>
/// <param name="PartIndex">The part.</param>
/// <param name="Duration">The duration that is missing, in ticks of the rendition's timescale.</param>
/// <param name="EndsSegment">It is the last of its segment.</param>
/// <param name="ProgramTime">Wall-clock time (UTC) of the missing presentation.</param>
public sealed record PartMissing(RenditionKey Rendition, long Msn, int PartIndex, uint Duration, bool EndsSegment, DateTime ProgramTime)
    : Announcement(Rendition)
{
    /// <summary>EXT-X-DISCONTINUITY goes before it; only ever true for part 0.</summary>
    public bool StartsDiscontinuity { get; init; }
}

/// <summary>The rendition is over: EXT-X-ENDLIST. A later <see cref="RenditionStarted"/> of the same key begins a new timeline with higher numbers.</summary>
/// <param name="Rendition">The rendition.</param>
public sealed record RenditionEnded(RenditionKey Rendition) : Announcement(Rendition);
