using Mirror.Media.Frames;

namespace Mirror.GpuTranscode.FFmpeg;

/// <summary>Chooses the pictures that a rung encodes: no more than its frame-rate cap, and evenly fewer under overload. Segment starts always.</summary>
internal sealed class FrameRateGate
{
    private readonly double _period90k;                      // 0 where there is no cap
    private double _due90k = double.MinValue;
    private int _sinceKept;

    /// <param name="source">The source's frame rate, where known.</param>
    /// <param name="largest">The rung's cap, where it has one.</param>
    public FrameRateGate(Rational source, Rational largest)
    {
        bool isCapped = largest.IsKnown && (!source.IsKnown || largest.Value < source.Value);
        FrameRate = isCapped ? largest : source;
        _period90k = largest.IsKnown ? 90_000 / largest.Value : 0;
    }

    /// <summary>The rung's frame rate; unknown where the source's is.</summary>
    public Rational FrameRate { get; }

    /// <summary>Whether the rung encodes the next picture.</summary>
    /// <param name="pts90k">Its presentation time; they rise.</param>
    /// <param name="startsSegment">It is kept, and the count starts anew, so that every segment is sampled alike.</param>
    /// <param name="skipLevel">How many pictures to leave out after each that is kept.</param>
    public bool Admits(long pts90k, bool startsSegment, int skipLevel)
    {
        if (startsSegment)
        {
            _due90k = pts90k + _period90k;
            _sinceKept = 0;
            return true;
        }
        // A quarter of a period early is near enough: timestamps jitter, and 29.97 under a cap of 30 loses nothing.
        if (_period90k > 0 && pts90k < _due90k - _period90k / 4) { return false; }
        _due90k = Math.Max(_due90k + _period90k, pts90k + _period90k / 2);
        if (_sinceKept < skipLevel)
        {
            _sinceKept++;
            return false;
        }
        _sinceKept = 0;
        return true;
    }

    /// <summary>A new timeline: presentation times start anew.</summary>
    public void Restart() => _due90k = double.MinValue;
}
