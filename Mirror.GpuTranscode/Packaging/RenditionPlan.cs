using Mirror.Streams.Announcements;
using Mirror.Streams.Store;

namespace Mirror.GpuTranscode.Packaging;

/// <summary>The constants of one rendition's playlist, which may never change while it lives.</summary>
/// <param name="Key">The rendition.</param>
/// <param name="IsVideo">Video, or else audio.</param>
/// <param name="Timescale">Ticks per second.</param>
/// <param name="PartTarget">PART-TARGET: whole milliseconds, so that every part of the frame grid fits.</param>
/// <param name="TargetDuration">EXT-X-TARGETDURATION in seconds.</param>
/// <param name="FirstMsn">Media sequence number of the first segment.</param>
/// <param name="FirstDiscontinuitySequence">Discontinuity sequence number of the first segment.</param>
internal sealed record RenditionPlan(RenditionKey Key, bool IsVideo, uint Timescale, TimeSpan PartTarget, int TargetDuration, long FirstMsn,
    int FirstDiscontinuitySequence)
{
    /// <summary>
    /// Where a rendition stands that another node packaged before: the numbers from there to <see cref="FirstMsn"/> are marked as gaps, then a
    /// discontinuity follows, which brings it to <see cref="FirstDiscontinuitySequence"/>. <see langword="null"/> for one that begins.
    /// </summary>
    public RenditionPosition? Continued { get; init; }

    /// <summary>Frames come unevenly: one may last until its part is full, before what follows is a hole.</summary>
    public bool IsUneven { get; init; }

    // Numbers count tenths of seconds since 2026: faster than segments can be made (200 ms at least), so that after any restart, and with no
    // memory of it, they go on rising and a URL that a cache holds for ever is never used again.
    private const int MsnPerSecond = 10;
    private static readonly DateTime MsnEpoch = new(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    // A grid of frames never quite fits a round target: 29.97 fps makes parts of 100.1 ms. So much over is still "3 frames in 100 ms".
    private const double FrameTolerance = 0.02;

    /// <summary><see cref="PartTarget"/> in ticks, rounded down.</summary>
    public long PartTargetTicks { get; } = (long)Math.Floor(PartTarget.TotalSeconds * Timescale + 1e-6);

    /// <summary>The longest segment whose rounded duration is the target duration.</summary>
    public long LongestSegmentTicks { get; } = (long)((TargetDuration + 0.5) * Timescale) - 1;

    /// <summary>The media sequence number at which a rendition that starts now begins.</summary>
    public static long FirstMsnAt(DateTime utcNow) => Math.Max(0, (long)((utcNow - MsnEpoch).TotalSeconds * MsnPerSecond));

    /// <summary>The part target for a rhythm of frames: as many whole frames as reach the aim, and the longest frame, in whole milliseconds rounded up.</summary>
    /// <param name="aim">The configured part duration.</param>
    /// <param name="rhythm">The duration of one frame; above zero.</param>
    public static TimeSpan PartTargetFor(TimeSpan aim, FrameRhythm rhythm)
    {
        double frames = Math.Max(1, Math.Ceiling(aim / rhythm.Usual - FrameTolerance));
        double longest = Math.Max(frames * rhythm.Usual.TotalMilliseconds, rhythm.Longest.TotalMilliseconds);
        return TimeSpan.FromMilliseconds(Math.Ceiling(Math.Round(longest, 3)));
    }

    /// <summary>The target duration for segments as long as the first: room for a little more, since it may never change.</summary>
    public static int TargetDurationFor(TimeSpan aim, TimeSpan segment)
    {
        const double Headroom = 0.75;                        // 1.2 s → 1, which segments up to 1.499 s round to; 1.3 s → 2
        double longest = Math.Max(aim.TotalSeconds, segment.TotalSeconds);
        return Math.Max(1, (int)Math.Floor(longest + Headroom));
    }
}
