using Mirror.GpuTranscode.Ladder;
using Mirror.Media.Frames;
using Mirror.Streams.Store;

namespace Mirror.GpuTranscode.Packaging;

/// <summary>One sound of a stream, as far as it is encoded.</summary>
/// <param name="number">From 0 on.</param>
internal sealed class LadderSound(int number)
{
    public int Number => number;

    /// <summary>Of its encoded rendition.</summary>
    public string Name { get; } = RenditionName.EncodedAudioOf(number);

    /// <summary>Measures it before that is decided.</summary>
    public AudioRateMeter Rate { get; } = new();

    /// <summary>What it is encoded to, once that is decided; it stays. <see langword="null"/> where it is not.</summary>
    public AudioPlan? Plan { get; set; }

    public bool IsDecided { get; set; }

    /// <summary>The source's format.</summary>
    public AudioTrack? Source { get; set; }

    /// <summary>The format of what comes back.</summary>
    public AudioTrack? Encoded { get; set; }

    /// <summary>Numbers the source's timelines.</summary>
    public int Timeline { get; set; }
}
