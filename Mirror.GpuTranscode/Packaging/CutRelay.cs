namespace Mirror.GpuTranscode.Packaging;

/// <summary>Hands cuts on to the schedule of each sound of a stream, also of those that begin later.</summary>
internal sealed class CutRelay : ICutFollower
{
    private readonly CutSchedule _all = new();               // of which nothing is taken: what a sound that begins later starts with
    private readonly List<CutSchedule> _schedules = [];

    /// <summary>The schedule of one more sound.</summary>
    public CutSchedule Add()
    {
        CutSchedule added = _all.Copy();
        _schedules.Add(added);
        return added;
    }

    /// <summary>Hands the cuts that one sound makes on to the others, and to <paramref name="further"/>.</summary>
    public ICutFollower Besides(CutSchedule own, ICutFollower? further) => new Others(this, own, further);

    public void StartTimeline(Cut cut) => Tell(cut, null, static (follower, cut) => follower.StartTimeline(cut));

    public void Add(Cut cut) => Tell(cut, null, static (follower, cut) => follower.Add(cut));

    public void Decide(Cut cut) => Tell(cut, null, static (follower, cut) => follower.Decide(cut));

    public void Undecide() => Tell(default, null, static (follower, _) => follower.Undecide());

    private void Tell(Cut cut, CutSchedule? except, Action<ICutFollower, Cut> tell)
    {
        tell(_all, cut);
        foreach (CutSchedule schedule in _schedules)
        {
            if (schedule != except) { tell(schedule, cut); }
        }
    }

    private sealed class Others(CutRelay relay, CutSchedule own, ICutFollower? further) : ICutFollower
    {
        public void StartTimeline(Cut cut) => Tell(cut, static (follower, cut) => follower.StartTimeline(cut));

        public void Add(Cut cut) => Tell(cut, static (follower, cut) => follower.Add(cut));

        public void Decide(Cut cut) => Tell(cut, static (follower, cut) => follower.Decide(cut));

        public void Undecide() => Tell(default, static (follower, _) => follower.Undecide());

        private void Tell(Cut cut, Action<ICutFollower, Cut> tell)
        {
            relay.Tell(cut, own, tell);
            if (further is not null) { tell(further, cut); }
        }
    }
}
