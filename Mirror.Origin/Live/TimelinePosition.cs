namespace Mirror.Origin.Live;

/// <summary>What a blocked request waits for.</summary>
/// <param name="Kind">How the numbers are meant.</param>
/// <param name="Msn">Media sequence number.</param>
/// <param name="Part">Part index.</param>
internal readonly record struct AwaitedMedia(AwaitedKind Kind, long Msn, int Part)
{
    public static AwaitedMedia FirstSegment => new(AwaitedKind.FirstSegment, 0, 0);
}

internal enum AwaitedKind
{
    /// <summary>Any complete segment: a playlist request without directives to a rendition that has just begun.</summary>
    FirstSegment,

    /// <summary>The whole segment <see cref="AwaitedMedia.Msn"/>: <c>_HLS_msn</c> alone.</summary>
    Segment,

    /// <summary>A part, or the first of the next segment where its own closes with fewer: <c>_HLS_msn</c> with <c>_HLS_part</c>.</summary>
    Part,

    /// <summary>That part and no other: a request for the preload hint.</summary>
    HintedPart,
}

/// <summary>What becomes of a playlist request with delivery directives.</summary>
internal enum ReloadAnswer
{
    Now,
    Wait,

    /// <summary>It asks for media too far in the future.</summary>
    BadRequest,
}

/// <summary>How far a rendition has come, and what its playlist can answer (draft-pantos-hls-rfc8216bis §6.2.5.2). Immutable.</summary>
/// <param name="OpenMsn">The segment whose parts are appearing or will appear next: one more than the last complete one.</param>
/// <param name="OpenParts">Parts of it that are listed.</param>
/// <param name="PartsOfLastSegment">Parts of the last complete segment; <see cref="int.MaxValue"/> when it was never seen.</param>
/// <param name="CompleteSegments">Complete segments listed.</param>
/// <param name="HoldsLastSegment">The last complete segment is not one of them yet: the playlist still lists it by its parts alone.</param>
/// <param name="AdvancePartLimit">How many parts ahead of the last one a request may ask.</param>
/// <param name="IsEnded">The rendition is over.</param>
internal sealed record TimelinePosition(long OpenMsn, int OpenParts, int PartsOfLastSegment, int CompleteSegments, bool HoldsLastSegment, int AdvancePartLimit, bool IsEnded)
{
    /// <summary>Segments ahead of the last complete one that a request may name: <c>_HLS_msn</c> above is 400.</summary>
    private const int MostSegmentsAhead = 2;

    public bool HasMedia => CompleteSegments > 0 || HoldsLastSegment || OpenParts > 0;

    /// <summary>Decides on <paramref name="directives"/>; <paramref name="awaited"/> is what to wait for where the answer is to wait.</summary>
    public ReloadAnswer Answer(DeliveryDirectives directives, out AwaitedMedia awaited)
    {
        awaited = AwaitedMedia.FirstSegment;
        if (IsEnded) { return ReloadAnswer.Now; }
        if (directives.Msn is not { } msn) { return CompleteSegments > 0 ? ReloadAnswer.Now : ReloadAnswer.Wait; }
        long lastMsn = OpenMsn - 1;
        if (msn > lastMsn + MostSegmentsAhead) { return ReloadAnswer.BadRequest; }
        if (msn <= lastMsn && !HasMedia) { return ReloadAnswer.Wait; }
        awaited = directives.Part is { } part ? new AwaitedMedia(AwaitedKind.Part, msn, part) : new AwaitedMedia(AwaitedKind.Segment, msn, 0);
        if (Has(awaited)) { return ReloadAnswer.Now; }
        return directives.Part is { } wanted && PartsAhead(msn, wanted) > AdvancePartLimit ? ReloadAnswer.BadRequest : ReloadAnswer.Wait;
    }

    /// <summary>Whether a request that waits for <paramref name="awaited"/> can be answered: it is there, or will never be.</summary>
    public bool Has(AwaitedMedia awaited)
    {
        if (IsEnded) { return true; }
        switch (awaited.Kind)
        {
            case AwaitedKind.FirstSegment:
                return CompleteSegments > 0;
            case AwaitedKind.Segment:
                return (HoldsLastSegment ? OpenMsn - 1 : OpenMsn) > awaited.Msn;
            case AwaitedKind.HintedPart:
                return OpenMsn > awaited.Msn || (OpenMsn == awaited.Msn && OpenParts > awaited.Part);
        }
        if (OpenMsn <= awaited.Msn) { return OpenMsn == awaited.Msn && OpenParts > awaited.Part; }
        // The segment is complete. A part beyond its last means part 0 of the next, which may be the one that is open.
        return OpenMsn > awaited.Msn + 1 || awaited.Part < PartsOfLastSegment || OpenParts > 0;
    }

    /// <summary>Whether the part is the one that EXT-X-PRELOAD-HINT names.</summary>
    public bool IsHinted(long msn, int part) => !IsEnded && msn == OpenMsn && part == OpenParts;

    // Counted across the roll-over: the parts that the open segment still lacks, judged by the segment before it, come first.
    private long PartsAhead(long msn, int part)
    {
        if (msn < OpenMsn) { return 1; }
        if (msn == OpenMsn) { return part - (OpenParts - 1L); }
        int expected = PartsOfLastSegment == int.MaxValue ? 0 : PartsOfLastSegment;
        return part + 1L + Math.Max(0, expected - OpenParts);
    }
}
