using Mirror.Media.Playlists;

namespace Mirror.EndToEnd.Conformance;

/// <summary>Rules between two successive states of one playlist: only what §6.2.1 allows may change.</summary>
/// <remarks>
/// A playlist grows at its end and shrinks at its start. Of what stays listed, every line is compared, so that a tag added late is found
/// whichever it is. The first segment gets no EXT-X-MAP by that: the map in force applies to it, wherever it stands.
/// </remarks>
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
        decimal fromEnd = 0;
        foreach (SegmentEntry now in after.Segments.Append(after.OpenSegment).OfType<SegmentEntry>().Reverse())
        {
            bool mayLoseParts = fromEnd >= 3 * after.TargetDuration;
            fromEnd += now.Uri.Length > 0 ? now.Duration : now.Parts.Sum(part => part.Duration);
            if (known.TryGetValue(now.Msn, out SegmentEntry? was)) { CheckKept(was, now, mayLoseParts, name, report); }
            else if (before.OpenSegment is { } open && open.Msn == now.Msn) { CheckGrown(open, now, mayLoseParts, name, report); }
        }
    }

    private static void CheckKept(SegmentEntry before, SegmentEntry after, bool mayLoseParts, string name, ConformanceReport report)
    {
        report.Check("listed segments do not change", after.Lines.SequenceEqual(before.Lines, StringComparer.Ordinal), $"{name} {after.Msn}: {Difference(before.Lines, after.Lines)}");
        bool isKept = after.Parts.SequenceEqual(before.Parts) || (mayLoseParts && after.Parts.All(before.Parts.Contains));
        report.Check("listed parts do not change", isKept, $"{name} {after.Msn}: {before.Parts.Count} parts → {after.Parts.Count}");
    }

    // Parts are appended; then what makes the segment complete, behind everything that was listed.
    private static void CheckGrown(SegmentEntry before, SegmentEntry after, bool mayLoseParts, string name, ConformanceReport report)
    {
        bool hasGrown = StartsWith(after.Lines, before.Lines) && (StartsWith(after.Parts, before.Parts) || (mayLoseParts && after.Parts.Count == 0));
        report.Check("the open segment only grows", hasGrown, $"{name} {after.Msn}: {Difference(before.Lines, after.Lines)}, {before.Parts.Count} parts → {after.Parts.Count}");
    }

    private static bool StartsWith<T>(IReadOnlyList<T> whole, IReadOnlyList<T> start) => whole.Take(start.Count).SequenceEqual(start);

    private static string Difference(IReadOnlyList<string> before, IReadOnlyList<string> after)
        => $"gone [{string.Join(' ', before.Except(after))}], new [{string.Join(' ', after.Except(before))}]";

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

    private static SegmentEntry? Find(MediaPlaylistDocument playlist, long msn)
        => playlist.OpenSegment?.Msn == msn ? playlist.OpenSegment : playlist.Segments.FirstOrDefault(segment => segment.Msn == msn);

    // The hinted part is the next one listed, of its segment or as the first of the next, unless its segment ended without it: then it never appears.
    private static void CheckHint(MediaPlaylistDocument before, MediaPlaylistDocument after, string name, ConformanceReport report)
    {
        (long msn, int part) = End(before);
        if (before.PreloadHintUri is not { } hint || End(after) == (msn, part)) { return; }
        SegmentEntry? segment = Find(after, msn);
        if (segment is null || segment.Parts.Count == 0) { return; }
        if (part < segment.Parts.Count) { report.Check("hints come true", segment.Parts[part].Uri == hint, $"{name}: hinted {hint}, came {segment.Parts[part].Uri}"); }
        else if (Find(after, msn + 1) is { Parts: [var first, ..] } && first.Uri == hint) { report.Check("hints come true", true, name); }
        else { report.Check("abandoned hints never appear", after.Segments.SelectMany(listed => listed.Parts).All(listed => listed.Uri != hint), $"{name}: {hint}"); }
    }
}
