namespace Mirror.GpuTranscode.FFmpeg;

/// <summary>The last audio frame delivered: a transcoder that takes over goes on with the frame after it.</summary>
/// <param name="Timeline">Its timeline; negative if none was delivered.</param>
/// <param name="Pts">Its presentation time in samples.</param>
internal readonly record struct AudioResumePoint(int Timeline, long Pts)
{
    /// <summary>Nothing was delivered yet.</summary>
    public static AudioResumePoint None => new(-1, 0);
}
