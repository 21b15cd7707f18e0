using Mirror.Media.Frames;

namespace Mirror.GpuTranscode.Packaging;

/// <summary>One sound of a stream while it is packaged: a language, mostly.</summary>
/// <param name="number">From 0 on; the first leads where there is no video.</param>
/// <param name="silence">Keeps it going where it stays away.</param>
internal sealed class StreamSound(int number, SilenceFiller silence)
{
    private const int FirstTrack = 2;                        // track 1 is the video

    public int Number => number;

    public SilenceFiller Silence => silence;

    /// <summary>Its rendition as it comes; <see langword="null"/> until its first frame.</summary>
    public AudioPackager? Packager { get; set; }

    public static int NumberOf(Track track) => Math.Max(0, track.Id - FirstTrack);
}
