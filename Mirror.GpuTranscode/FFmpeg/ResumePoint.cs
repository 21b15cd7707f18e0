namespace Mirror.GpuTranscode.FFmpeg;

/// <summary>A rung's last frame delivered: a transcoder that takes over decodes from before it, and encodes what is later.</summary>
/// <param name="Timeline">Its timeline; negative if none was delivered.</param>
/// <param name="Pts90k">Its presentation time in 90 kHz ticks.</param>
internal readonly record struct ResumePoint(int Timeline, long Pts90k)
{
    /// <summary>Nothing was delivered yet.</summary>
    public static ResumePoint None => new(-1, 0);

    /// <summary>Whether a picture at this place was delivered already, or comes before one that was.</summary>
    public bool Covers(int timeline, long pts90k) => timeline < Timeline || (timeline == Timeline && pts90k <= Pts90k);
}
