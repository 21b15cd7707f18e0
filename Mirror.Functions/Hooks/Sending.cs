namespace Mirror.Functions.Hooks;

/// <summary>One request to a receiver, through all its attempts.</summary>
/// <param name="batch">The deliveries in it, in order.</param>
internal sealed class Sending(IReadOnlyList<Delivery> batch)
{
    // Half a minute or so: a receiver that restarts gets everything in order, and an event that it always fails at does not hold up the rest.
    private const int AttemptsInOrder = 5;

    private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _letsOthersPass = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The deliveries in it, in order.</summary>
    public IReadOnlyList<Delivery> Batch => batch;

    /// <summary>Its name to the receiver, the same at each attempt.</summary>
    public string Id { get; } = Delivery.IdOf(batch);

    /// <summary>Attempts made.</summary>
    public int Attempts { get; set; }

    /// <summary>No further attempt is made.</summary>
    public Task Done => _done.Task;

    /// <summary>It failed so often that what came later need not wait for it.</summary>
    public Task LetsOthersPass => _letsOthersPass.Task;

    /// <summary>Says so.</summary>
    public void SetDone() => _done.TrySetResult();

    /// <summary>An attempt failed and is repeated.</summary>
    public void OnRetry(HookReply reply)
    {
        HookMetrics.Retried.Add(1, HookMetrics.Tag(Batch[0].HookId), new KeyValuePair<string, object?>("status", reply.Status));
        if (Attempts >= AttemptsInOrder) { _letsOthersPass.TrySetResult(); }
    }
}
