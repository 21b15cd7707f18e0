using Mirror.Media.Playlists;

namespace Mirror.EndToEnd.Conformance;

/// <summary>Makes a whole playlist of a delta update and the copy that the client has, as a player does (§6.3.7).</summary>
internal static class DeltaMerge
{
    /// <returns><see langword="null"/> when the copy does not reach back far enough.</returns>
    public static MediaPlaylistDocument? Apply(MediaPlaylistDocument copy, MediaPlaylistDocument delta)
    {
        if (delta.SkippedSegments == 0) { return delta; }
        long firstKept = delta.MediaSequence + delta.SkippedSegments;
        SegmentEntry[] skipped = [.. copy.Segments.Where(segment => segment.Msn >= delta.MediaSequence && segment.Msn < firstKept)];
        if (skipped.Length != delta.SkippedSegments) { return null; }
        var merged = new MediaPlaylistDocument
        {
            Version = delta.Version,
            TargetDuration = delta.TargetDuration,
            CanBlockReload = delta.CanBlockReload,
            CanSkipUntil = delta.CanSkipUntil,
            HoldBack = delta.HoldBack,
            PartHoldBack = delta.PartHoldBack,
            PartTarget = delta.PartTarget,
            MediaSequence = delta.MediaSequence,
            DiscontinuitySequence = delta.DiscontinuitySequence,
            IndependentSegments = delta.IndependentSegments,
            OpenSegment = delta.OpenSegment,
            PreloadHintUri = delta.PreloadHintUri,
            IsEnded = delta.IsEnded,
        };
        // What has been skipped lies far from the end, where parts are no longer listed.
        merged.SegmentList.AddRange(skipped.Select(segment => segment with { Parts = [] }));
        merged.SegmentList.AddRange(delta.Segments);
        merged.ReportList.AddRange(delta.Reports);
        return merged;
    }

    /// <summary>Whether both say the same of everything that they list.</summary>
    public static bool Same(MediaPlaylistDocument one, MediaPlaylistDocument other)
        => one.MediaSequence == other.MediaSequence && one.DiscontinuitySequence == other.DiscontinuitySequence && one.PreloadHintUri == other.PreloadHintUri
            && one.IsEnded == other.IsEnded && one.IndependentSegments == other.IndependentSegments
            && one.Segments.Select(Describe).SequenceEqual(other.Segments.Select(Describe), StringComparer.Ordinal)
            && Describe(one.OpenSegment) == Describe(other.OpenSegment) && one.Reports.SequenceEqual(other.Reports);

    private static string Describe(SegmentEntry? segment)
        => segment is null ? "" : $"{segment.Msn} {string.Join(' ', segment.Lines)} {string.Join(' ', segment.Parts)}";
}
