using Mirror.Media.Frames;

namespace Mirror.IngestNode.Demux;

/// <summary>Dates the units of a timeline and passes them on. The first ones wait until the clock has settled.</summary>
/// <remarks>
/// A published date cannot be changed, so the first one must be right. The wait usually costs nothing: a stream's
/// playlists appear when its first group of pictures is complete, which takes longer. Later units pass at once.
/// </remarks>
internal sealed class DatedDelivery(IAccessUnitHandler handler) : IDisposable
{
    // If a publisher sends a backlog of many seconds at once, its units are passed on before the clock has settled.
    private const int MostUnits = 4_096;

    // 2.5 s at 50 Mbit/s.
    private const int MostBytes = 16 * 1024 * 1024;

    private readonly Queue<AccessUnit> _held = new();
    private ProgramClock _clock;
    private long _bytes;

    /// <summary>Starts a timeline. Call <see cref="Flush"/> first: held units belong to the one before.</summary>
    /// <param name="pts">PTS of its first unit.</param>
    public void StartTimeline(long pts) => _clock.Start(pts);

    /// <summary>Whether dates are wrong for good, because the publisher paused: see <see cref="ProgramClock.IsLate"/>.</summary>
    public bool IsLate => _clock.IsLate;

    /// <summary>Starts a timeline that continues the timestamps, where <see cref="IsLate"/>.</summary>
    /// <param name="pts">PTS of its first unit.</param>
    /// <returns>The step of the dates.</returns>
    public TimeSpan Redate(long pts)
    {
        TimeSpan lag = _clock.Lag;
        _clock.Redate(pts);
        return lag;
    }

    /// <summary>Takes a unit, and its reference with it.</summary>
    /// <param name="unit">The next unit of any track, not yet dated.</param>
    /// <param name="arrival">When its first byte arrived (UTC).</param>
    /// <param name="end90k">When its frame ends, as <see cref="ProgramClock.Observe"/> takes it.</param>
    /// <param name="frame90k">The frame's duration.</param>
    public void Write(AccessUnit unit, DateTime arrival, long end90k, long frame90k)
    {
        _clock.Observe(arrival, end90k, frame90k);
        if (_clock.IsSettled && _held.Count == 0)
        {
            PassOn(unit);
            return;
        }

        _held.Enqueue(unit);
        _bytes += unit.Payload.Length;
        if (_clock.IsSettled || _held.Count >= MostUnits || _bytes >= MostBytes) { Flush(); }
    }

    /// <summary>Passes on every held unit: the timeline ends, or its publisher is gone.</summary>
    public void Flush()
    {
        if (_held.Count == 0) { return; }
        _clock.Settle();
        while (TryDequeue(out AccessUnit unit)) { PassOn(unit); }
    }

    /// <summary>Gives everything held back to its pool.</summary>
    public void Dispose()
    {
        while (TryDequeue(out AccessUnit unit)) { unit.Release(); }
    }

    private bool TryDequeue(out AccessUnit unit)
    {
        if (!_held.TryDequeue(out unit!)) { return false; }
        _bytes -= unit.Payload.Length;
        return true;
    }

    private void PassOn(AccessUnit unit)
    {
        unit.ProgramTime = _clock.ToUtc(unit.Pts90k);
        try { handler.OnAccessUnit(unit); }
        finally { unit.Release(); }
    }
}
