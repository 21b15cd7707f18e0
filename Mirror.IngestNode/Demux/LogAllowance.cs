namespace Mirror.IngestNode.Demux;

/// <summary>Lets a bounded number of log lines through, so that a hostile stream cannot fill a disk.</summary>
internal struct LogAllowance
{
    private const int Burst = 32;
    private static readonly TimeSpan Refill = TimeSpan.FromSeconds(10);
    private int _taken;
    private DateTime _lastRefill;

    /// <summary>Takes one line; one comes back every ten seconds.</summary>
    public bool TryTake(DateTime now)
    {
        if (now - _lastRefill >= Refill)
        {
            _lastRefill = now;
            _taken = Math.Max(0, _taken - 1);
        }
        if (_taken == Burst) { return false; }
        _taken++;
        return true;
    }
}
