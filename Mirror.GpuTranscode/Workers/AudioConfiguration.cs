using Mirror.GpuTranscode.FFmpeg;
using Mirror.GpuTranscode.Ladder;
using Mirror.Media.Frames;

namespace Mirror.GpuTranscode.Workers;

/// <summary>What sound a worker encodes, from <see cref="WorkerMessageType.ConfigureAudio"/> on.</summary>
internal sealed record AudioConfiguration
{
    /// <summary>Numbers the stream's sounds.</summary>
    public required int Sound { get; init; }

    /// <summary>The source's format.</summary>
    public required AudioTrack Source { get; init; }

    /// <summary>What to encode to. The same for as long as the worker works.</summary>
    public required AudioPlan Plan { get; init; }

    /// <summary>The last frame that another worker already made.</summary>
    public AudioResumePoint ResumeAfter { get; init; } = AudioResumePoint.None;
}
