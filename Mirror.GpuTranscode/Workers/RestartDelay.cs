namespace Mirror.GpuTranscode.Workers;

/// <summary>How long to wait before a failed worker is replaced: at once the first time, then twice as long each time.</summary>
/// <param name="healthyAfter">A worker that was at work for this long starts the count anew.</param>
internal sealed class RestartDelay(TimeSpan healthyAfter)
{
    private static readonly TimeSpan First = TimeSpan.FromSeconds(0.25);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(30);
    private TimeSpan _next;

    /// <summary>The wait after one more failure.</summary>
    /// <param name="atWork">How long the failed worker had delivered frames.</param>
    public TimeSpan Next(TimeSpan atWork)
    {
        TimeSpan delay = atWork >= healthyAfter ? TimeSpan.Zero : _next;
        _next = delay == TimeSpan.Zero ? First : delay * 2 < Longest ? delay * 2 : Longest;
        return delay;
    }
}
