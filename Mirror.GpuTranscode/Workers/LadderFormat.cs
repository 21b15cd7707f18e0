using Mirror.GpuTranscode.Ladder;
using Mirror.Media.Frames;

namespace Mirror.GpuTranscode.Workers;

/// <summary>A source format and what to encode of it.</summary>
/// <param name="Generation">Numbers the formats of a stream.</param>
/// <param name="Source">The source's format.</param>
/// <param name="Rungs">What to encode.</param>
internal sealed record LadderFormat(int Generation, VideoTrack Source, IReadOnlyList<RungPlan> Rungs);
