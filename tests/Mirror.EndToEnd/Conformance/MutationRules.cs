using Mirror.Media.Playlists;

namespace Mirror.EndToEnd.Conformance;

/// <summary>Rules between two successive states of one playlist: only what §6.2.1 allows may change.</summary>
internal static class MutationRules
{
    public static void Check(MediaPlaylistDocument before, MediaPlaylistDocument after, string name, ConformanceReport report)
    {
        CheckConstants(before, after, name, report);
        if (!report.Check("EXT-X-MEDIA-SEQUENCE does not step back", after.MediaSequence >= before.MediaSequence, $"{name}: {before.MediaSequence} → {after.MediaSequence}")) { return; }
        if (!report.Check("the end of the playlist does not step back", End(after).CompareTo(End(before)) >= 0, $"{name}: {End(before)} → {End(after)}")) { return; }
        report.Check("nothing follows EXT-X-ENDLIST", !before.IsEnded || (after.IsEnded && End(after) == End(before)), name);
        CheckKeptSegments(before, after, name, report);
        CheckDiscontinuitySequence(before, after, name, report);
        CheckWindow(before, after, name, report);
        CheckHint(before, after, name, report);
    }

    /// <summary>The number of the open segment and of the parts that it has.</summary>
    public static (long Msn, int Parts) End(MediaPlaylistDocument playlist) => (playlist.LastMsn + 1, playlist.OpenSegment?.Parts.Count ?? 0);

    private static void CheckConstants(MediaPlaylistDocument before, MediaPlaylistDocument after, string name, ConformanceReport report)
    {
        report.Check("EXT-X-TARGETDURATION stays", before.TargetDuration == after.TargetDuration, $"{name}: {before.TargetDuration} → {after.TargetDuration}");
        report.Check("PART-TARGET stays", before.PartTarget == after.PartTarget, $"{name}: {before.PartTarget} → {after.PartTarget}");
        report.Check("EXT-X-SERVER-CONTROL stays", (before.CanSkipUntil, before.HoldBack, before.PartHoldBack) == (after.CanSkipUntil, after.HoldBack, after.PartHoldBack), name);
    }

    private static void CheckKeptSegments(MediaPlaylistDocument before, MediaPlaylistDocument after, string name, ConformanceReport report)
    {
        var known = before.Segments.ToDictionary(segment => segment.Msn);
        foreach (SegmentEntry now in after.Segments)
        {
            if (known.TryGetValue(now.Msn, out SegmentEntry? was))
            {
                report.Check("listed segments do not change", (was.Uri, was.Duration, was.MapUri, was.StartsDiscontinuity, was.IsGap) == (now.Uri, now.Duration, now.MapUri, now.StartsDiscontinuity, now.IsGap),
                    $"{name} {now.Msn}: {was} → {now}");
                report.Check("listed parts do not change", now.Parts.Count == 0 || was.Parts.Count == 0 ? now.Parts.Count <= was.Parts.Count : now.Parts.SequenceEqual(was.Parts), $"{name} {now.Msn}");
                report.Check("listed dates do not change", was.ProgramDateTime is null || now.ProgramDateTime is null || was.ProgramDateTime == now.ProgramDateTime, $"{name} {now.Msn}");
            }
            else if (before.OpenSegment?.Msn == now.Msn) { CheckGrown(before.OpenSegment, now, name, report); }
        }
        if (before.OpenSegment is { } open && after.OpenSegment?.Msn == open.Msn) { CheckGrown(open, after.OpenSegment, name, report); }
    }

    private static void CheckGrown(SegmentEntry before, SegmentEntry after, string name, ConformanceReport report)
    {
        if (after.Parts.Count == 0) { return; }      // complete, and already so far back that its parts have gone
        bool isPrefix = after.Parts.Count >= before.Parts.Count && after.Parts.Take(before.Parts.Count).SequenceEqual(before.Parts);
        report.Check("the open segment only grows", isPrefix && before.StartsDiscontinuity == after.StartsDiscontinuity && before.MapUri == after.MapUri, $"{name} {after.Msn}");
    }

    private static void CheckDiscontinuitySequence(MediaPlaylistDocument before, MediaPlaylistDocument after, string name, ConformanceReport report)
    {
        long gone = before.Segments.Append(before.OpenSegment).OfType<SegmentEntry>().Count(segment => segment.StartsDiscontinuity && segment.Msn < after.MediaSequence);
        bool sawAll = after.MediaSequence <= End(before).Msn;
        long? expected = before.DiscontinuitySequence + gone;
        report.Check("EXT-X-DISCONTINUITY-SEQUENCE counts what left", sawAll ? after.DiscontinuitySequence == expected : after.DiscontinuitySequence >= expected,
            $"{name}: {before.DiscontinuitySequence} + {gone} → {after.DiscontinuitySequence}");
    }

    private static void CheckWindow(MediaPlaylistDocument before, MediaPlaylistDocument after, string name, ConformanceReport report)
    {
        bool removedSome = after.MediaSequence > before.MediaSequence && after.MediaSequence <= before.LastMsn;
        if (!removedSome) { return; }
        decimal duration = after.Segments.Sum(segment => segment.Duration);
        report.Check("no removal leaves less than three target durations", duration >= 3 * after.TargetDuration, $"{name}: {duration}");
        report.Check("no removal leaves fewer than six segments", after.Segments.Count >= 6, $"{name}: {after.Segments.Count}");
    }

    // The hinted part is the next one listed, unless its segment ended without it: then it never appears.
    private static void CheckHint(MediaPlaylistDocument before, MediaPlaylistDocument after, string name, ConformanceReport report)
    {
        (long msn, int part) = End(before);
        if (before.PreloadHintUri is not { } hint || End(after) == (msn, part)) { return; }
        SegmentEntry? segment = after.OpenSegment?.Msn == msn ? after.OpenSegment : after.Segments.FirstOrDefault(candidate => candidate.Msn == msn);
        if (segment is null || segment.Parts.Count == 0) { return; }
        if (part < segment.Parts.Count) { report.Check("hints come true", segment.Parts[part].Uri == hint, $"{name}: hinted {hint}, came {segment.Parts[part].Uri}"); }
        else { report.Check("abandoned hints never appear", after.Segments.SelectMany(listed => listed.Parts).All(listed => listed.Uri != hint), $"{name}: {hint}"); }
    }
}
