namespace Mirror.GpuTranscode.Packaging;

/// <summary>Where audio is to be cut: the presentation times of the video segments' first pictures, in order, and where their timelines start.</summary>
internal sealed class CutSchedule : ICutFollower
{
    private const int MostCuts = 64;                         // half a minute of segments: audio that lags more is filled with gaps long before
    private const int MostStarts = 16;                       // of timelines that audio has not begun
    private readonly LinkedList<Cut> _cuts = new();
    private readonly LinkedList<Cut> _starts = new();
    private LinkedListNode<Cut>? _decided;

    /// <summary>The newest timeline; 0 before the first.</summary>
    public int Timeline { get; private set; }

    /// <summary>The last cut known, passed or not, in 90 kHz ticks.</summary>
    public long Last90k { get; private set; }

    /// <summary>A timeline starts. The cuts of the one before stay, for audio that is still on it.</summary>
    public void StartTimeline(Cut cut)
    {
        Undecide();
        if (_starts.Count >= MostStarts) { _starts.RemoveFirst(); }
        _starts.AddLast(cut);
        (Timeline, Last90k) = (cut.Timeline, cut.Pts90k);
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

    /// <summary>A schedule of its own with the same cuts.</summary>
    public CutSchedule Copy()
    {
        var copy = new CutSchedule { Timeline = Timeline, Last90k = Last90k };
        foreach (Cut start in _starts) { copy._starts.AddLast(start); }
        foreach (Cut cut in _cuts) { copy._cuts.AddLast(cut); }
        if (_decided is not null) { copy._decided = _decided.List is null ? new LinkedListNode<Cut>(_decided.Value) : copy._cuts.Last; }
        return copy;
    }

    /// <summary>Takes the next start of a timeline, up to <paramref name="timeline"/>.</summary>
    public bool TryStart(int timeline, out Cut start)
    {
        start = _starts.First?.Value ?? default;
        if (_starts.Count == 0 || start.Timeline > timeline) { return false; }
        _starts.RemoveFirst();
        return true;
    }

    /// <summary>Takes the next cut on a timeline before <paramref name="timeline"/>.</summary>
    public bool TryPass(int timeline, out Cut cut)
    {
        cut = _cuts.First?.Value ?? default;
        if (_cuts.Count == 0 || cut.Timeline >= timeline) { return false; }
        _cuts.RemoveFirst();
        return true;
    }

    /// <summary>The next cut on <paramref name="timeline"/>; those before are forgotten.</summary>
    public bool TryPeek(int timeline, out Cut cut)
    {
        while (TryPass(timeline, out _)) { }
        cut = _cuts.First?.Value ?? default;
        return _cuts.Count > 0 && cut.Timeline == timeline;
    }

    public void Dequeue() => _cuts.RemoveFirst();

    private LinkedListNode<Cut> Append(Cut cut)
    {
        if (_cuts.Count >= MostCuts) { _cuts.RemoveFirst(); }
        Last90k = cut.Pts90k;
        return _cuts.AddLast(cut);
    }
}
