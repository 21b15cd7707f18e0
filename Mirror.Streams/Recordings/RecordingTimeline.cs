namespace Mirror.Streams.Recordings;

/// <summary>The segments of a recording over all its renditions, which are cut at the same places under the same numbers.</summary>
/// <remarks>
/// Each rendition's playlist lists every number of it: one that a rendition lacks, because it began later or was away, is a gap there. So all
/// playlists have the same length and the same discontinuities, and players may change between them anywhere.
/// </remarks>
public static class RecordingTimeline
{
    /// <summary>Segments by which a rendition may be behind the others of a running recording before it counts as away.</summary>
    public const int LongestWait = 20;

    /// <summary>Each number once, with what is known of it: the segment of the main rendition where it is there, or else of another.</summary>
    /// <param name="index">The recording.</param>
    public static IReadOnlyList<RecordedSegment> Of(RecordingIndex index)
    {
        ArgumentNullException.ThrowIfNull(index);
        if (index.Main is not { } main) { return []; }
        List<RecordedSegment> all = [.. main.Segments];
        foreach (RecordedRendition other in index.Renditions)
        {
            if (other != main) { all = Merge(all, other.Segments); }
        }
        return all;
    }

    /// <summary>Wall-clock time (UTC) of the first sample that is there; the end, before there is one.</summary>
    public static DateTime StartOf(RecordingIndex index)
    {
        ArgumentNullException.ThrowIfNull(index);
        return index.Renditions.Where(rendition => rendition.Segments.Count > 0).Select(rendition => rendition.Segments[0].Time).DefaultIfEmpty(index.EndsAt).Min();
    }

    /// <summary>How much of <see cref="Of"/> a playlist may list while the recording runs: what will not change any more.</summary>
    /// <param name="index">The recording.</param>
    /// <returns>The last number; all of them where the recording is complete.</returns>
    public static long LastSettledMsn(RecordingIndex index)
    {
        ArgumentNullException.ThrowIfNull(index);
        if (index.IsComplete) { return long.MaxValue; }
        long last = index.LastMsn;
        return index.Renditions.Select(rendition => rendition.LastMsn).Where(msn => last - msn <= LongestWait).DefaultIfEmpty(last).Min();
    }

    /// <summary>The rendition's own segments, and gaps where it has none.</summary>
    /// <param name="timeline">All numbers (<see cref="Of"/>).</param>
    /// <param name="rendition">The rendition, which has an initialization segment.</param>
    public static IEnumerable<RecordedSegment> ListFor(IReadOnlyList<RecordedSegment> timeline, RecordedRendition rendition)
    {
        ArgumentNullException.ThrowIfNull(timeline);
        ArgumentNullException.ThrowIfNull(rendition);
        int next = 0;
        string init = rendition.Inits[0].Name;
        foreach (RecordedSegment any in timeline)
        {
            if (next < rendition.Segments.Count && rendition.Segments[next].Msn == any.Msn)
            {
                RecordedSegment own = rendition.Segments[next++];
                init = own.Init;
                yield return own with { StartsDiscontinuity = any.StartsDiscontinuity };
            }
            else { yield return any with { Length = 0, Missing = any.Duration, Init = init }; }
        }
    }

    private static List<RecordedSegment> Merge(List<RecordedSegment> first, IReadOnlyList<RecordedSegment> second)
    {
        var merged = new List<RecordedSegment>(Math.Max(first.Count, second.Count));
        int i = 0;
        int j = 0;
        while (i < first.Count || j < second.Count)
        {
            long a = i < first.Count ? first[i].Msn : long.MaxValue;
            long b = j < second.Count ? second[j].Msn : long.MaxValue;
            if (a == b)
            {
                RecordedSegment better = first[i].IsGap && !second[j].IsGap ? second[j] : first[i];
                merged.Add(better with { StartsDiscontinuity = first[i].StartsDiscontinuity || second[j].StartsDiscontinuity });
                i++;
                j++;
            }
            else { merged.Add(a < b ? first[i++] : second[j++]); }
        }
        return merged;
    }
}
