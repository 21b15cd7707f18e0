namespace Mirror.GpuTranscode.Packaging;

/// <summary>Where audio is to be cut: the presentation times of the video segments' first pictures, in order.</summary>
internal sealed class CutSchedule : ICutFollower
{
    private const int MostCuts = 64;                         // half a minute of segments: audio that lags more is filled with gaps long before
    private readonly LinkedList<Cut> _cuts = new();
    private LinkedListNode<Cut>? _decided;

    /// <summary>Where the timeline's first picture is, in 90 kHz ticks.</summary>
    public long Start90k { get; private set; }

    /// <summary>The last cut known, passed or not, in 90 kHz ticks.</summary>
    public long Last90k { get; private set; }

    public void StartTimeline(Cut cut) => Restart(cut.Pts90k);

    /// <summary>Forgets everything: a new timeline starts at <paramref name="pts90k"/>.</summary>
    public void Restart(long pts90k)
    {
        _cuts.Clear();
        _decided = null;
        Start90k = Last90k = pts90k;
    }

    public void Decide(Cut cut) => _decided = Append(cut);

    public void Undecide()
    {
        if (_decided?.List is not null) { _cuts.Remove(_decided); }
        _decided = null;
    }

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
