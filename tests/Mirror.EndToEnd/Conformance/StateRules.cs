using Mirror.Media.Playlists;

namespace Mirror.EndToEnd.Conformance;

/// <summary>Rules that one whole playlist must keep by itself (draft-pantos-hls-rfc8216bis §4).</summary>
internal static class StateRules
{
    private const decimal ShortestPart = 0.85m;                 // of the part target, §4.4.4.9
    private const decimal PartSumTolerance = 0.000001m;         // a part
    private static readonly TimeSpan LongestFrame = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan DateTolerance = TimeSpan.FromMilliseconds(40);     // a frame: dates are rounded, and clocks are steered

    /// <summary>
    /// Checks that nothing listed ends in the future. A frame is over before it is sent, so only a frame's duration is
    /// granted, for a server that dates frames by their ends.
    /// </summary>
    /// <param name="playlist">A whole playlist.</param>
    /// <param name="receivedAt">When it came, by the server's clock.</param>
    /// <param name="name">Of the rendition.</param>
    /// <param name="report">Takes the result.</param>
    public static void CheckClock(MediaPlaylistDocument playlist, DateTime receivedAt, string name, ConformanceReport report)
    {
        foreach (SegmentEntry segment in playlist.Segments.Append(playlist.OpenSegment).OfType<SegmentEntry>())
        {
            if (EndOf(segment) is not { } end) { continue; }
            report.Check("no part ends in the future", end - receivedAt <= LongestFrame, $"{name} {segment.Msn}: {end - receivedAt}");
        }
    }

    /// <summary>When the last listed part of a segment ends, by its date.</summary>
    public static DateTime? EndOf(SegmentEntry segment)
    {
        decimal duration = segment.Uri.Length > 0 ? segment.Duration : segment.Parts.Sum(part => part.Duration);
        return segment.ProgramDateTime?.AddTicks((long)(duration * TimeSpan.TicksPerSecond));
    }

    public static void Check(MediaPlaylistDocument playlist, string name, ConformanceReport report)
    {
        CheckControl(playlist, name, report);
        foreach (SegmentEntry segment in playlist.Segments) { CheckSegment(playlist, segment, name, report); }
        if (playlist.OpenSegment is { } open) { CheckParts(playlist, open, name, report); }
        CheckPartWindow(playlist, name, report);
        CheckDates(playlist, name, report);
        bool hasMedia = playlist.Segments.Count > 0 || playlist.OpenSegment is not null;
        report.Check("a live playlist hints the next part", playlist.IsEnded || playlist.PreloadHintUri is not null, name);
        report.Check("a playlist lists media", hasMedia, name);
    }

    private static void CheckControl(MediaPlaylistDocument playlist, string name, ConformanceReport report)
    {
        int target = playlist.TargetDuration;
        report.Check("CAN-BLOCK-RELOAD=YES", playlist.CanBlockReload, name);
        report.Check("PART-TARGET is given", playlist.PartTarget is not null, name);
        report.Check("HOLD-BACK is at least three target durations", playlist.HoldBack is null || playlist.HoldBack >= 3 * target, $"{name}: {playlist.HoldBack}");
        report.Check("PART-HOLD-BACK is at least three part targets", playlist.PartHoldBack >= 3 * playlist.PartTarget, $"{name}: {playlist.PartHoldBack}");
        report.Check("CAN-SKIP-UNTIL is at least six target durations", playlist.CanSkipUntil is null || playlist.CanSkipUntil >= 6 * target, $"{name}: {playlist.CanSkipUntil}");
        report.Check("EXT-X-DISCONTINUITY-SEQUENCE is given", playlist.DiscontinuitySequence is not null, name);
    }

    private static void CheckSegment(MediaPlaylistDocument playlist, SegmentEntry segment, string name, ConformanceReport report)
    {
        report.Check("EXTINF rounds to at most the target duration", Math.Round(segment.Duration, MidpointRounding.AwayFromZero) <= playlist.TargetDuration,
            $"{name} {segment.Msn}: {segment.Duration}");
        report.Check("every segment has a map", segment.MapUri is not null, $"{name} {segment.Msn}");
        if (segment.Parts.Count == 0) { return; }
        CheckParts(playlist, segment, name, report);
        decimal sum = segment.Parts.Sum(part => part.Duration);
        report.Check("the parts' durations are the segment's", Math.Abs(sum - segment.Duration) <= PartSumTolerance * segment.Parts.Count,
            $"{name} {segment.Msn}: {sum} for {segment.Duration}");
        report.Check("a gap's parts are gaps", !segment.IsGap || segment.Parts.All(part => part.IsGap), $"{name} {segment.Msn}");
    }

    private static void CheckParts(MediaPlaylistDocument playlist, SegmentEntry segment, string name, ConformanceReport report)
    {
        report.Check("every segment has a map", segment.MapUri is not null, $"{name} {segment.Msn}");
        for (int i = 0; i < segment.Parts.Count; i++)
        {
            PartEntry part = segment.Parts[i];
            report.Check("no part exceeds the part target", part.Duration <= playlist.PartTarget, $"{name} {part.Uri}: {part.Duration}");
            // Only a complete segment shows which part is its last; of an open one, the newest may yet be.
            bool isExempt = part.IsIndependent || part.IsGap || i == segment.Parts.Count - 1 || segment.Parts[i + 1].IsGap;
            report.Check("parts have 85 % of the part target", isExempt || part.Duration >= ShortestPart * playlist.PartTarget, $"{name} {part.Uri}: {part.Duration}");
        }
        bool startsWell = !playlist.IndependentSegments || segment.IsGap || segment.Parts[0].IsIndependent || segment.Parts[0].IsGap;
        report.Check("EXT-X-INDEPENDENT-SEGMENTS is true", startsWell, $"{name} {segment.Msn}");
    }

    // A segment of which some part is within three target durations keeps its parts; one wholly beyond has none.
    private static void CheckPartWindow(MediaPlaylistDocument playlist, string name, ConformanceReport report)
    {
        decimal fromEnd = playlist.OpenSegment?.Parts.Sum(part => part.Duration) ?? 0;
        foreach (SegmentEntry segment in playlist.Segments.Reverse())
        {
            bool isNear = fromEnd < 3 * playlist.TargetDuration;
            report.Check("parts are listed for three target durations", isNear ? segment.Parts.Count > 0 : segment.Parts.Count == 0,
                $"{name} {segment.Msn}: {segment.Parts.Count} parts, {fromEnd} s from the end");
            fromEnd += segment.Duration;
        }
    }

    // A playlist starts with a date, any segment may become the first, and none may get its date then: so each has one from the beginning.
    private static void CheckDates(MediaPlaylistDocument playlist, string name, ConformanceReport report)
    {
        DateTime? expected = null;
        foreach (SegmentEntry segment in playlist.Segments.Append(playlist.OpenSegment).OfType<SegmentEntry>())
        {
            report.Check("every segment has a date", segment.ProgramDateTime is not null, $"{name} {segment.Msn}");
            if (segment.ProgramDateTime is { } date)
            {
                bool continues = expected is { } exact && !segment.StartsDiscontinuity;
                report.Check("dates advance with durations", !continues || (date - expected!.Value).Duration() <= DateTolerance, $"{name} {segment.Msn}: {date:O}, expected {expected:O}");
                expected = date;
            }
            expected = expected?.AddTicks((long)(segment.Duration * TimeSpan.TicksPerSecond));
        }
    }
}
