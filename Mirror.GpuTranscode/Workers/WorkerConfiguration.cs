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

    /// <summary>Threads of each codec; zero leaves it to the transcoder.</summary>
    public int Threads { get; init; }

    /// <summary>Whether to use a GPU if there is one.</summary>
    public bool IsGpuEnabled { get; init; }

    /// <summary>Whether to do it on the CPU where the GPU cannot.</summary>
    public bool AllowSoftwareFallback { get; init; }
}

/// <summary>A rung's last frame delivered: a worker that takes over decodes from before it, and encodes what is later.</summary>
/// <param name="Timeline">Its timeline; negative if none was delivered.</param>
/// <param name="Pts90k">Its presentation time in 90 kHz ticks.</param>
internal readonly record struct ResumePoint(int Timeline, long Pts90k)
{
    /// <summary>Nothing was delivered yet.</summary>
    public static ResumePoint None => new(-1, 0);

    /// <summary>Whether a picture at this place was delivered already, or comes before one that was.</summary>
    public bool Covers(int timeline, long pts90k) => timeline < Timeline || (timeline == Timeline && pts90k <= Pts90k);
}
