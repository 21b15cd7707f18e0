using Mirror.GpuTranscode.Ladder;
using Mirror.Media.Frames;

namespace Mirror.GpuTranscode.Workers;

/// <summary>A format of the source's sound and what to encode of it.</summary>
/// <param name="Source">The source's format.</param>
/// <param name="Plan">What to encode to.</param>
internal sealed record AudioFormat(AudioTrack Source, AudioPlan Plan);
