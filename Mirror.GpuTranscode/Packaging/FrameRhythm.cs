namespace Mirror.GpuTranscode.Packaging;

/// <summary>How far apart the frames of a rendition are.</summary>
/// <param name="Usual">The expected duration of one frame; where durations differ, the shortest: a frame that lasts longer than expected is no harm.</param>
/// <param name="Longest">Nearly the longest: more is a hole.</param>
internal readonly record struct FrameRhythm(TimeSpan Usual, TimeSpan Longest)
{
    /// <summary>All frames last equally long.</summary>
    public bool IsEven => Usual == Longest;

    /// <summary>Frames of one duration.</summary>
    public static FrameRhythm Even(TimeSpan frame) => new(frame, frame);
}
