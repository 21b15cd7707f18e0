using Mirror.GpuTranscode.Ladder;

namespace Mirror.GpuTranscode.Packaging;

/// <summary>What begins an encoded rendition of a stream, at a media sequence number.</summary>
/// <param name="Video">Begins that of a rung.</param>
/// <param name="Audio">Begins that of the encoded sound.</param>
internal sealed record RenditionStarts(Func<RungPlan, long, VideoFollowerPackager> Video, Func<string, AudioPlan, long, AudioFollowerPackager> Audio);
