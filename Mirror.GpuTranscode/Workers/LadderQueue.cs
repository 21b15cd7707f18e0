using Mirror.GpuTranscode.FFmpeg;
using Mirror.Media.Frames;

namespace Mirror.GpuTranscode.Workers;

/// <summary>The coded pictures of one stream that wait for its worker, and those that a replacement of the worker would need again.</summary>
/// <remarks>
/// One list in decoding order: units sent and not yet let go, then units to be sent. Sent units are let go once every rung has delivered
/// a random access point after them, so the list always begins where a decoder can. Bounded by the age of what waits and by bytes: what is
/// sent goes first, then what waits up to the newest random access point, counted. Thread-safe.
/// </remarks>
/// <param name="time">Clock for what waits.</param>
/// <param name="maxLag">How late a frame may be decoded: what waits for no longer stays.</param>
internal sealed class LadderQueue(TimeProvider time, TimeSpan maxLag)
{
    private const long LargestBytes = 64L * 1024 * 1024;     // ten seconds at the 50 Mbit/s that ingest is made for
    private const int MostEntries = 2048;                    // 34 s at 60 frames per second
    private static readonly TimeSpan LongestBurst = TimeSpan.FromSeconds(6);  // the first GOPs come as one of up to 4 s

    private readonly TimeSpan _longestWait = maxLag > LongestBurst ? maxLag : LongestBurst;
    private readonly Lock _gate = new();
    private readonly List<Entry> _entries = [];
    private LadderFormat? _format;
    private ResumePoint[] _delivered = [];
    private int _deliveredGeneration = -1;
    private int _cursor;                                     // the first entry to be sent
    private long _bytes;
    private long _sequence;
    private bool _waitsForRandomAccess = true;
    private bool _followsGap;
    private long _dropped;

    /// <summary>Units left out because they waited too long.</summary>
    public long Dropped => Volatile.Read(ref _dropped);

    /// <summary>The format of what is written next; <see langword="null"/> before the first.</summary>
    public LadderFormat? Format
    {
        get { lock (_gate) { return _format; } }
    }

    /// <summary>Units and drains that wait to be sent.</summary>
    public int Waiting
    {
        get { lock (_gate) { return _entries.Count - _cursor; } }
    }

    /// <summary>Bytes held.</summary>
    public long HeldBytes
    {
        get { lock (_gate) { return _bytes; } }
    }

    /// <summary>The format of what is written from here on; nothing is taken while there is none.</summary>
    public void SetFormat(LadderFormat? format)
    {
        lock (_gate)
        {
            _format = format;
            _waitsForRandomAccess = true;
        }
    }

    /// <summary>Takes a unit, with a reference of its own; false if it is of no use.</summary>
    public bool Add(AccessUnit unit, int timeline, bool startsSegment)
    {
        lock (_gate)
        {
            if (_format is null) { return false; }
            if (_waitsForRandomAccess && !unit.IsRandomAccess)
            {
                if (_followsGap) { _dropped++; }
                return false;
            }
            _entries.Add(new Entry(_format, ++_sequence, unit.Retain(), timeline, startsSegment, _followsGap));
            (_waitsForRandomAccess, _followsGap) = (false, false);
            _bytes += unit.Payload.Length;
            Bound();
            return true;
        }
    }

    /// <summary>Asks the worker to give out all that it holds back, after the units before this.</summary>
    /// <param name="always">Even where no pictures are encoded: there is sound.</param>
    public void AddDrain(bool always)
    {
        lock (_gate)
        {
            if ((_format is null && !always) || _entries.Count >= MostEntries || _entries is [.., { Unit: null }]) { return; }
            _entries.Add(new Entry(_format, ++_sequence, null, 0, false, false));
        }
    }

    /// <summary>The next entry to be sent, with a reference of its unit that passes to the caller.</summary>
    public bool TryTake(out Entry next)
    {
        lock (_gate)
        {
            next = default;
            if (_cursor >= _entries.Count) { return false; }
            next = _entries[_cursor++];
            next.Unit?.Retain();
            return true;
        }
    }

    /// <summary>Everything held is to be sent again, to another worker.</summary>
    /// <param name="forget">Lets go what was sent before: a worker failed over it.</param>
    public void Rewind(bool forget)
    {
        lock (_gate)
        {
            if (forget) { RemoveUnits(0, _cursor); }
            _cursor = 0;
            int start = _entries.FindIndex(static entry => entry.Unit is { IsRandomAccess: true });
            _dropped += RemoveUnits(0, start < 0 ? _entries.Count : start);
            if (start < 0) { _waitsForRandomAccess = true; }
        }
    }

    /// <summary>Where each rung is to go on, for a worker that starts with <paramref name="generation"/>.</summary>
    public ResumePoint[] ResumePoints(int generation)
    {
        lock (_gate) { return generation == _deliveredGeneration ? [.. _delivered] : []; }
    }

    /// <summary>Frames of this generation come from now on.</summary>
    /// <returns>Whether it is another than before.</returns>
    public bool OnConfigured(LadderFormat format)
    {
        lock (_gate)
        {
            if (format.Generation == _deliveredGeneration) { return false; }
            _deliveredGeneration = format.Generation;
            _delivered = [.. format.Rungs.Select(_ => ResumePoint.None)];
            int start = _entries.FindIndex(entry => entry.Format?.Generation >= format.Generation);
            Remove(0, Math.Min(_cursor, start < 0 ? _entries.Count : start));
            return true;
        }
    }

    /// <summary>A rung delivered a frame.</summary>
    public void OnDelivered(int rung, in WorkerFrame frame)
    {
        lock (_gate)
        {
            if (!_delivered[rung].Covers(frame.Timeline, frame.Pts90k)) { _delivered[rung] = new ResumePoint(frame.Timeline, frame.Pts90k); }
            if (!frame.IsKey) { return; }
            for (int i = _cursor - 1; i > 0; i--)
            {
                if (!IsDelivered(_entries[i])) { continue; }
                Remove(0, i);
                return;
            }
        }
    }

    /// <summary>Everything up to a drain was delivered.</summary>
    public void OnDrained(long sequence)
    {
        lock (_gate)
        {
            int drain = _entries.FindIndex(entry => entry.Sequence == sequence);
            if (drain >= 0 && drain < _cursor) { Remove(0, drain + 1); }
        }
    }

    /// <summary>Lets go of everything; what is written next starts with a random access point.</summary>
    public void Clear()
    {
        lock (_gate)
        {
            Remove(0, _entries.Count);
            _waitsForRandomAccess = true;
            _followsGap = false;
        }
    }

    private bool IsDelivered(in Entry entry)
    {
        if (entry.Unit is not { IsRandomAccess: true } unit || entry.Format!.Generation != _deliveredGeneration) { return false; }
        foreach (ResumePoint point in _delivered)
        {
            if (!point.Covers(entry.Timeline, unit.Pts90k)) { return false; }
        }
        return true;
    }

    private void Bound()
    {
        bool IsOver() => _bytes > LargestBytes || _entries.Count > MostEntries;
        if (IsOver()) { Remove(0, _cursor); }
        if (!IsOver() && !IsOverdue()) { return; }
        int newest = _entries.FindLastIndex(static entry => entry.Unit is { IsRandomAccess: true });
        bool canSkip = newest > _cursor;
        int removed = RemoveUnits(_cursor, canSkip ? newest : _entries.Count);
        _dropped += removed;
        if (canSkip) { _entries[newest - removed] = _entries[newest - removed] with { FollowsGap = true }; }
        else { (_waitsForRandomAccess, _followsGap) = (true, true); }
    }

    private bool IsOverdue()
    {
        int oldest = _entries.FindIndex(_cursor, static entry => entry.Unit is not null);
        return oldest >= 0 && time.GetElapsedTime(_entries[oldest].Unit!.ReceivedTimestamp) > _longestWait;
    }

    private void Remove(int start, int end)
    {
        for (int i = start; i < end; i++) { Release(_entries[i]); }
        _entries.RemoveRange(start, end - start);
        _cursor = _cursor >= end ? _cursor - (end - start) : Math.Min(_cursor, start);
    }

    /// <summary>Removes the units of a stretch, and leaves its drains, whose answers someone waits for.</summary>
    /// <returns>How many.</returns>
    private int RemoveUnits(int start, int end)
    {
        int kept = start;
        for (int i = start; i < end; i++)
        {
            if (_entries[i].Unit is null) { _entries[kept++] = _entries[i]; }
            else { Release(_entries[i]); }
        }
        _entries.RemoveRange(kept, end - kept);
        if (_cursor >= end) { _cursor -= end - kept; }
        return end - kept;
    }

    private void Release(in Entry entry)
    {
        if (entry.Unit is null) { return; }
        _bytes -= entry.Unit.Payload.Length;
        entry.Unit.Release();
    }

    /// <summary>A unit, or a drain.</summary>
    /// <param name="Format">The format in force; a drain may have none.</param>
    /// <param name="Sequence">Its number.</param>
    /// <param name="Unit">The unit; <see langword="null"/> is a drain.</param>
    /// <param name="Timeline">Numbers timelines.</param>
    /// <param name="StartsSegment">A segment starts with it.</param>
    /// <param name="FollowsGap">Units before it were left out.</param>
    internal readonly record struct Entry(LadderFormat? Format, long Sequence, AccessUnit? Unit, int Timeline, bool StartsSegment, bool FollowsGap);
}
