namespace Mirror.IngestNode.Demux;

/// <summary>Where one audio track is on its programme's timeline.</summary>
/// <param name="longestHeld">How long the frames may last that wait, in 90 kHz ticks.</param>
internal sealed class SoundLine(long longestHeld)
{
    /// <summary>Times of the frames that are passed on.</summary>
    public AudioChain Chain;

    /// <summary>Times of the frames that wait.</summary>
    public AudioChain HeldChain;

    /// <summary>Frames that wait for a timeline, or to be believed.</summary>
    public HeldAudio Held { get; } = new(longestHeld);

    /// <summary>Frames without PTS follow <see cref="HeldChain"/>.</summary>
    public bool IsHeld { get; set; }

    /// <summary>The next frame is the track's first on this timeline.</summary>
    public bool StartsTimeline { get; set; }

    /// <summary>PTS of the frame passed on last on this timeline.</summary>
    public long? LastPts { get; set; }

    /// <summary>How long the frames last that came while video was waited for, in 90 kHz ticks.</summary>
    public long WaitedForVideo { get; set; }

    /// <summary>A timeline starts.</summary>
    public void StartTimeline()
    {
        StartsTimeline = true;
        LastPts = null;
    }

    /// <summary>The timeline is over.</summary>
    public void EndTimeline()
    {
        WaitedForVideo = 0;
        Chain.Stop();
        IsHeld = true;
    }
}
