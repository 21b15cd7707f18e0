using System.Threading.Tasks.Sources;

namespace Mirror.Origin.Live;

/// <summary>How a wait ended.</summary>
internal enum WaitOutcome
{
    /// <summary>The media is there, or will never be: look at the newest version.</summary>
    Ready,

    /// <summary>Three target durations passed.</summary>
    TimedOut,

    /// <summary>The viewer went away.</summary>
    Aborted,

    /// <summary>Too many requests wait already, or the server is stopping.</summary>
    Refused,
}

/// <summary>One request that waits, without a thread: a node of <see cref="ParkedRequests"/> and the source of the task that its handler awaits.</summary>
internal sealed class ParkedRequest(ParkedRequests owner, AwaitedMedia awaited, PlaylistForm? form, long deadline) : IValueTaskSource<WaitOutcome>
{
    private ManualResetValueTaskSourceCore<WaitOutcome> _completion;    // its continuation runs where the wake-up runs, in a batch
    private CancellationTokenRegistration _cancellation;

    public AwaitedMedia Awaited => awaited;

    /// <summary>The playlist form that it will ask for; none for a part.</summary>
    public PlaylistForm? Form => form;

    /// <summary>When it has waited long enough, in ticks of the clock's timestamp.</summary>
    public long Deadline => deadline;

    /// <summary>Neighbours among those that wait, guarded by the owner's lock; <see cref="Next"/> also links those to be woken.</summary>
    public ParkedRequest? Previous { get; set; }

    public ParkedRequest? Next { get; set; }

    /// <summary>Still in the owner's list; guarded by its lock. Whoever takes it out completes it, once.</summary>
    public bool IsListed { get; set; }

    public ValueTask<WaitOutcome> Task => new(this, _completion.Version);

    public void ListenTo(CancellationToken viewer)
        => _cancellation = viewer.UnsafeRegister(static state => ((ParkedRequest)state!).Abort(), this);

    public void Complete(WaitOutcome outcome) => _completion.SetResult(outcome);

    WaitOutcome IValueTaskSource<WaitOutcome>.GetResult(short token)
    {
        _cancellation.Unregister();
        return _completion.GetResult(token);
    }

    ValueTaskSourceStatus IValueTaskSource<WaitOutcome>.GetStatus(short token) => _completion.GetStatus(token);

    void IValueTaskSource<WaitOutcome>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags)
        => _completion.OnCompleted(continuation, state, token, flags);

    private void Abort()
    {
        if (owner.TryTake(this)) { Complete(WaitOutcome.Aborted); }
    }
}
