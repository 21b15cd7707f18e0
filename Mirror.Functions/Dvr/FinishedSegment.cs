using Mirror.Streams.Announcements;
using Mirror.Streams.Store;

namespace Mirror.Functions.Dvr;

/// <summary>A live segment to which nothing will be added.</summary>
/// <param name="Key">The segment, in the store of live segments.</param>
/// <param name="Init">Its initialization segment.</param>
/// <param name="IsVideo">Video, or else audio.</param>
/// <param name="TargetDuration">EXT-X-TARGETDURATION, in seconds.</param>
/// <param name="Time">Wall-clock time (UTC) of its first sample's presentation.</param>
/// <param name="Duration">Its duration.</param>
/// <param name="Missing">How much of that is missing.</param>
/// <param name="Length">Its length in bytes; 0 where nothing of it is there.</param>
/// <param name="StartsDiscontinuity">A discontinuity stands before it.</param>
/// <param name="IsIndependent">It starts with a random access point.</param>
/// <param name="FinishedAt">When it ended, in ticks of the clock's timestamp.</param>
internal sealed record FinishedSegment(SegmentKey Key, InitReady Init, bool IsVideo, int TargetDuration, DateTime Time, TimeSpan Duration, TimeSpan Missing, int Length,
    bool StartsDiscontinuity, bool IsIndependent, long FinishedAt)
{
    public string Rendition => Key.Rendition.Rendition;

    public long Msn => Key.Msn;

    public DateTime End => Time + Duration;
}
