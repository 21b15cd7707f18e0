namespace Mirror.GpuTranscode.Packaging;

/// <summary>Where audio is to be cut: the presentation times of the video segments' first pictures, in order.</summary>
internal sealed class CutSchedule
{
    private const int MostCuts = 64;                         // half a minute of segments: audio that lags more is filled with gaps long before
    private readonly LinkedList<Cut> _cuts = new();
    private LinkedListNode<Cut>? _decided;

    /// <summary>Where the timeline's first picture is, in 90 kHz ticks.</summary>
    public long Start90k { get; private set; }

    /// <summary>The last cut known, passed or not, in 90 kHz ticks.</summary>
    public long Last90k { get; private set; }

    /// <summary>Forgets everything: a new timeline starts at <paramref name="pts90k"/>.</summary>
    public void Restart(long pts90k)
    {
        _cuts.Clear();
        _decided = null;
        Start90k = Last90k = pts90k;
    }

    /// <summary>A cut that video will make, told before its picture is there.</summary>
    public void Decide(Cut cut) => _decided = Append(cut);

    /// <summary>The decided cut won't be made where it was.</summary>
    public void Undecide()
    {
        if (_decided?.List is not null) { _cuts.Remove(_decided); }
        _decided = null;
    }

    /// <summary>A cut that video made. It takes the place of the decided one, if audio hasn't passed that yet.</summary>
    public void Add(Cut cut)
    {
        if (_decided is null)
        {
            Append(cut);
            return;
        }
        bool isPassed = _decided.List is null;
        if (!isPassed) { _decided.Value = cut; }
        else if (cut.IsDiscontinuity) { Append(cut); }
        Last90k = cut.Pts90k;
        _decided = null;
    }

    public bool TryPeek(out Cut cut)
    {
        cut = _cuts.First?.Value ?? default;
        return _cuts.Count > 0;
    }

    public void Dequeue() => _cuts.RemoveFirst();

    private LinkedListNode<Cut> Append(Cut cut)
    {
        if (_cuts.Count >= MostCuts) { _cuts.RemoveFirst(); }
        Last90k = cut.Pts90k;
        return _cuts.AddLast(cut);
    }
}

/// <summary>One cut.</summary>
/// <param name="Pts90k">Presentation time of the first picture behind it.</param>
/// <param name="ProgramTime">The same as a wall-clock time (UTC).</param>
/// <param name="IsDiscontinuity">EXT-X-DISCONTINUITY stands there.</param>
internal readonly record struct Cut(long Pts90k, DateTime ProgramTime, bool IsDiscontinuity);
