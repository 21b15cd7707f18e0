namespace Mirror.Origin.Live;

/// <summary>Tells whoever waits that something changed. Waiting for the next change allocates; signalling with nobody waiting does not.</summary>
internal sealed class ChangeSignal
{
    private TaskCompletionSource? _next;

    /// <summary>Completes at the next <see cref="Pulse"/>. Take it, then look at the state, then await it: no change is lost.</summary>
    public Task Next()
    {
        TaskCompletionSource? seen = Volatile.Read(ref _next);
        if (seen is not null) { return seen.Task; }
        var created = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        return (Interlocked.CompareExchange(ref _next, created, null) ?? created).Task;
    }

    public void Pulse() => Interlocked.Exchange(ref _next, null)?.SetResult();
}
