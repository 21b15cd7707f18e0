namespace Mirror.GpuTranscode.Packaging;

/// <summary>Where a segment of the source's video begins.</summary>
/// <param name="Timeline">Numbers the timelines of a stream, from 1.</param>
/// <param name="Pts90k">Presentation time of its first picture, in 90 kHz ticks.</param>
/// <param name="ProgramTime">The same as a wall-clock time (UTC).</param>
/// <param name="IsDiscontinuity">EXT-X-DISCONTINUITY stands there.</param>
/// <param name="Msn">Its media sequence number.</param>
internal readonly record struct Cut(int Timeline, long Pts90k, DateTime ProgramTime, bool IsDiscontinuity, long Msn)
{
    /// <summary>The wall-clock time of another presentation time on its timeline.</summary>
    public DateTime TimeAt(long pts90k) => ProgramTime + TimeSpan.FromTicks((pts90k - Pts90k) * TimeSpan.TicksPerSecond / VideoPackager.Timescale);
}
