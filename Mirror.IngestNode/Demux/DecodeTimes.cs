namespace Mirror.IngestNode.Demux;

/// <summary>What became of a picture's decoding time.</summary>
internal enum DecodeTimeVerdict
{
    /// <summary>It has one.</summary>
    Placed,

    /// <summary>There is no room for it: its presentation time is not behind the last decoding time.</summary>
    Unplaceable,

    /// <summary>It is lost to learning how deep the stream reorders.</summary>
    Lost,
}

/// <summary>Gives pictures strictly rising decoding times that are never behind their presentation times.</summary>
/// <remarks>
/// A DTS that breaks the rule is moved by as little as needed. A stream with B-frames and without any DTS, which the standard forbids and
/// some encoders send, gets the n-th smallest PTS as the n-th DTS; the depth of reordering is learnt from it.
/// </remarks>
internal sealed class DecodeTimes
{
    private const int DeepestReordering = 4;               // pyramids of B-frames reach 3; more is a step of the clock
    private const long LargestReordering = 90_000;         // ticks that a picture may be behind another in a stream without DTS
    private readonly long[] _presentation = new long[DeepestReordering + 2];      // the largest presentation times, sorted
    private int _held;
    private int _depth;
    private bool _hasSeenDts;

    /// <summary>The last decoding time given out.</summary>
    public long Last { get; private set; }

    /// <summary>Whether one was given out.</summary>
    public bool IsStarted { get; private set; }

    /// <summary>Decoding times that were moved or made up.</summary>
    public long Repaired { get; private set; }

    /// <summary>A new timeline starts.</summary>
    public void Reset()
    {
        IsStarted = false;
        _held = 0;
        _depth = 0;
        _hasSeenDts = false;
    }

    /// <summary>The decoding time of the next picture in decoding order.</summary>
    /// <param name="pts">Its PTS, unwrapped.</param>
    /// <param name="dts">Its DTS, unwrapped; <see langword="null"/> when the PES packet has none.</param>
    /// <param name="isBidirectional">The picture may precede others in presentation that came before it.</param>
    /// <param name="placed">The decoding time.</param>
    public DecodeTimeVerdict Place(long pts, long? dts, bool isBidirectional, out long placed)
    {
        _hasSeenDts |= dts is not null;
        if (!_hasSeenDts) { Remember(pts); }
        placed = Math.Min(dts ?? (_depth > 0 && !_hasSeenDts ? SmallestRemembered() : pts), pts);
        if (placed != (dts ?? pts)) { Repaired++; }
        if (IsStarted && placed <= Last)
        {
            if (pts <= Last) { return isBidirectional ? LearnDepth(pts) : DecodeTimeVerdict.Unplaceable; }
            placed = Last + 1;
            Repaired++;
        }
        Last = placed;
        IsStarted = true;
        return DecodeTimeVerdict.Placed;
    }

    private DecodeTimeVerdict LearnDepth(long pts)
    {
        if (_hasSeenDts || Last - pts > LargestReordering) { return DecodeTimeVerdict.Unplaceable; }
        int behind = 0;
        for (int i = 0; i < _held; i++) { behind += _presentation[i] > pts ? 1 : 0; }
        if (behind is 0 or > DeepestReordering) { return DecodeTimeVerdict.Unplaceable; }
        _depth = Math.Max(_depth, behind);
        return DecodeTimeVerdict.Lost;
    }

    private void Remember(long pts)
    {
        if (_held == _presentation.Length)
        {
            _presentation.AsSpan(1).CopyTo(_presentation);
            _held--;
        }
        int place = _held;
        while (place > 0 && _presentation[place - 1] > pts)
        {
            _presentation[place] = _presentation[place - 1];
            place--;
        }
        _presentation[place] = pts;
        _held++;
    }

    /// <summary>Of the depth + 1 largest presentation times the smallest.</summary>
    private long SmallestRemembered() => _presentation[Math.Max(0, _held - 1 - _depth)];
}
