namespace Mirror.Streams.Announcements;

/// <summary>An announcement in its place within a stream's log.</summary>
/// <param name="Sequence">Its number: one more than that of the announcement of the stream before it. The first is Unix time in milliseconds, so that a log begun anew goes on higher.</param>
/// <param name="DiscontinuitySequence">The discontinuity sequence number of the segment that it speaks of.</param>
/// <param name="SentAt">When it was written, in Unix ms of the writer's clock.</param>
/// <param name="Announcement">The announcement.</param>
internal readonly record struct LogEntry(long Sequence, int DiscontinuitySequence, long SentAt, Announcement Announcement)
{
    public string Rendition => Announcement.Rendition.Rendition;

    public long Epoch => Announcement.Rendition.Epoch;

    /// <summary>The segment that it adds to; <see langword="null"/> if it adds nothing.</summary>
    public long? Msn => Announcement switch
    {
        PartReady part => part.Msn,
        PartMissing part => part.Msn,
        _ => null,
    };

    /// <summary>It is the first part of a segment, there or missing.</summary>
    public bool StartsSegment => Announcement is PartReady { PartIndex: 0 } or PartMissing { PartIndex: 0 };

    /// <summary>A discontinuity stands before it.</summary>
    public bool StartsDiscontinuity => Announcement is PartReady { StartsDiscontinuity: true } or PartMissing { StartsDiscontinuity: true };
}
