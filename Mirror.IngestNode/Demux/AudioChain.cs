namespace Mirror.IngestNode.Demux;

/// <summary>The timestamps of audio frames that follow one another: counted by samples, corrected gently by the PTS that arrive.</summary>
internal struct AudioChain
{
    private const long TicksPerSecond = 90_000;
    private const int Smoothing = 32;              // a PTS moves the chain by this part of its difference: jitter vanishes, drift is followed
    private long _anchor;
    private long _samples;
    private int _rate;

    /// <summary>Whether the chain has begun.</summary>
    public bool IsStarted { get; private set; }

    /// <summary>PES packets whose PTS agreed with it, the first included.</summary>
    public int Stamps { get; private set; }

    /// <summary>PTS of its next frame, in unwrapped 90 kHz ticks.</summary>
    public readonly long Next => _anchor + (_samples * TicksPerSecond + _rate / 2) / Math.Max(1, _rate);

    /// <summary>Begins with a PTS.</summary>
    public void Start(long pts, int rate)
    {
        _anchor = pts;
        _samples = 0;
        _rate = rate;
        Stamps = 1;
        IsStarted = true;
    }

    /// <summary>The chain is over.</summary>
    public void Stop() => IsStarted = false;

    /// <summary>Tries to go on with the frame that has <paramref name="pts"/>.</summary>
    /// <param name="pts">Unwrapped PTS from a PES header.</param>
    /// <param name="sampleCount">Samples of that frame.</param>
    /// <param name="rate">Samples a second.</param>
    /// <param name="largestGap">Ticks by which it may be late, which then is a gap in the audio.</param>
    /// <returns><see langword="false"/> when it belongs elsewhere.</returns>
    public bool TryContinue(long pts, int sampleCount, int rate, long largestGap)
    {
        if (!IsStarted) { return false; }
        long frame = sampleCount * TicksPerSecond / rate;
        long difference = pts - Next;
        if (difference <= -frame || difference > largestGap) { return false; }
        Stamps++;
        if (difference >= frame || rate != _rate)
        {
            (int stamps, long start) = (Stamps, Math.Max(pts, Next));
            Start(rate != _rate && difference < frame ? start : pts, rate);
            Stamps = stamps;
            return true;
        }
        _anchor += difference / Smoothing;
        return true;
    }

    /// <summary>A frame was counted.</summary>
    public void Advance(int sampleCount) => _samples += sampleCount;
}
