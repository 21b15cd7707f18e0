using Mirror.GpuTranscode.FFmpeg;
using Mirror.GpuTranscode.Ladder;
using Mirror.Media.Frames;

namespace Mirror.GpuTranscode.Workers;

/// <summary>What a worker transcodes, from <see cref="WorkerMessageType.Configure"/> on.</summary>
internal sealed record WorkerConfiguration
{
    /// <summary>Numbers the formats of a stream; the answer carries it.</summary>
    public required int Generation { get; init; }

    /// <summary>The source's format.</summary>
    public required VideoTrack Source { get; init; }

    /// <summary>What to encode.</summary>
    public required IReadOnlyList<RungPlan> Rungs { get; init; }

    /// <summary>Per rung, the last frame that another worker already made; empty when none did.</summary>
    public IReadOnlyList<ResumePoint> ResumeAfter { get; init; } = [];

    /// <summary>Where and how.</summary>
    public required TranscoderSettings Settings { get; init; }
}
