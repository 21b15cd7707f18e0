namespace Mirror.Origin.Live;

/// <summary>The requests that wait for one rendition, woken together when a part appears.</summary>
/// <remarks>
/// A publisher only queues one work item, however many wait. That item picks those whose media has come, renders the playlist forms
/// that they need, and completes them in batches over the pool's threads. All wait equally long, so the list is in order of deadlines.
/// </remarks>
internal sealed class ParkedRequests(RenditionTimeline timeline, ParkingLimit parking, int most, OriginMetrics metrics, TimeProvider time) : IThreadPoolWorkItem
{
    /// <summary>Requests that one work item answers: long enough to pay for itself, short enough to spread thousands over the cores.</summary>
    private const int BatchLength = 64;

    private static readonly KeyValuePair<string, object?> Ready = new("outcome", "ready");
    private static readonly KeyValuePair<string, object?> TimedOut = new("outcome", "timed_out");
    private static readonly KeyValuePair<string, object?> Aborted = new("outcome", "aborted");
    private static readonly KeyValuePair<string, object?> Refused = new("outcome", "refused");
    private readonly Lock _lock = new();
    private ParkedRequest? _first;
    private ParkedRequest? _last;
    private int _count;
    private int _wakeQueued;
    private bool _isStopped;

    public int Count => Volatile.Read(ref _count);

    /// <summary>Waits until the timeline has <paramref name="awaited"/>.</summary>
    /// <param name="awaited">What the request waits for.</param>
    /// <param name="form">The playlist form that it will be answered with; <see langword="null"/> for a part.</param>
    /// <param name="viewer">Cancelled when the viewer goes away.</param>
    public async ValueTask<WaitOutcome> WaitAsync(AwaitedMedia awaited, PlaylistForm? form, CancellationToken viewer)
    {
        if (!parking.TryEnter())
        {
            metrics.Blocked.Add(1, Refused);
            return WaitOutcome.Refused;
        }
        metrics.Parked.Add(1);
        try
        {
            WaitOutcome outcome = await Park(awaited, form, viewer);
            metrics.Blocked.Add(1, outcome switch
            {
                WaitOutcome.Ready => Ready,
                WaitOutcome.TimedOut => TimedOut,
                WaitOutcome.Aborted => Aborted,
                _ => Refused,
            });
            return outcome;
        }
        finally
        {
            metrics.Parked.Add(-1);
            parking.Leave();
        }
    }

    /// <summary>The timeline changed: answers, on the pool's threads, whoever waited for it. Returns at once.</summary>
    public void Wake()
    {
        Interlocked.MemoryBarrier();            // the change of the position before the count: see Park
        if (Count > 0 && Interlocked.Exchange(ref _wakeQueued, 1) == 0) { ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false); }
    }

    /// <summary>Ends the waits whose time is over.</summary>
    public void Expire()
    {
        long now = time.GetTimestamp();
        while (TakeExpired(now) is { } request) { request.Complete(WaitOutcome.TimedOut); }
    }

    /// <summary>Ends all waits and refuses new ones: the server is stopping.</summary>
    public void Stop()
    {
        lock (_lock) { _isStopped = true; }
        while (TakeExpired(long.MaxValue) is { } request) { request.Complete(WaitOutcome.Refused); }
    }

    /// <summary>Takes <paramref name="request"/> out of the list.</summary>
    /// <returns><see langword="false"/> when somebody else did: then it is theirs to complete.</returns>
    internal bool TryTake(ParkedRequest request)
    {
        lock (_lock)
        {
            if (!request.IsListed) { return false; }
            Remove(request);
            return true;
        }
    }

    void IThreadPoolWorkItem.Execute()
    {
        Interlocked.Exchange(ref _wakeQueued, 0);
        PlaylistVersion version = timeline.Current;
        ParkedRequest? woken = TakeReady(version.Position, out int forms);
        for (var form = PlaylistForm.Full; form <= PlaylistForm.DeltaGzip; form++)
        {
            if ((forms & (1 << (int)form)) != 0) { version.GetText(form, metrics); }
        }
        while (woken is not null)
        {
            ParkedRequest batch = woken;
            woken = CutBatch(woken);
            if (woken is null) { Complete(batch); }
            else { ThreadPool.UnsafeQueueUserWorkItem(static state => Complete(state), batch, preferLocal: false); }
        }
    }

    // The position is read again under the lock: a change after this reading finds the request in the list.
    private ValueTask<WaitOutcome> Park(AwaitedMedia awaited, PlaylistForm? form, CancellationToken viewer)
    {
        ParkedRequest request;
        lock (_lock)
        {
            if (_isStopped || _count >= most) { return new ValueTask<WaitOutcome>(WaitOutcome.Refused); }
            Volatile.Write(ref _count, _count + 1);
            Interlocked.MemoryBarrier();        // the count before the position: either Wake sees this request, or this sees Wake's change
            if (timeline.Current.Position.Has(awaited))
            {
                Volatile.Write(ref _count, _count - 1);
                return new ValueTask<WaitOutcome>(WaitOutcome.Ready);
            }
            long deadline = time.GetTimestamp() + (long)(timeline.BlockLimit.TotalSeconds * time.TimestampFrequency);
            request = new ParkedRequest(this, awaited, form, deadline) { IsListed = true, Previous = _last };
            if (_last is null) { _first = request; }
            else { _last.Next = request; }
            _last = request;
        }
        request.ListenTo(viewer);
        return request.Task;
    }

    private ParkedRequest? TakeReady(TimelinePosition position, out int forms)
    {
        forms = 0;
        ParkedRequest? first = null;
        ParkedRequest? last = null;
        lock (_lock)
        {
            for (ParkedRequest? request = _first; request is not null;)
            {
                ParkedRequest? next = request.Next;
                if (position.Has(request.Awaited))
                {
                    Remove(request);
                    if (request.Form is { } form) { forms |= 1 << (int)form; }
                    if (last is null) { first = request; }
                    else { last.Next = request; }
                    last = request;
                }
                request = next;
            }
        }
        return first;
    }

    private ParkedRequest? TakeExpired(long now)
    {
        lock (_lock)
        {
            if (_first is not { } oldest || oldest.Deadline > now) { return null; }
            Remove(oldest);
            return oldest;
        }
    }

    private void Remove(ParkedRequest request)
    {
        if (request.Previous is null) { _first = request.Next; }
        else { request.Previous.Next = request.Next; }
        if (request.Next is null) { _last = request.Previous; }
        else { request.Next.Previous = request.Previous; }
        request.Previous = null;
        request.Next = null;
        request.IsListed = false;
        Volatile.Write(ref _count, _count - 1);
    }

    private static ParkedRequest? CutBatch(ParkedRequest first)
    {
        ParkedRequest last = first;
        for (int i = 1; i < BatchLength && last.Next is not null; i++) { last = last.Next; }
        ParkedRequest? rest = last.Next;
        last.Next = null;
        return rest;
    }

    private static void Complete(ParkedRequest? request)
    {
        while (request is not null)
        {
            ParkedRequest? next = request.Next;     // the request is its handler's again once it is complete
            request.Next = null;
            request.Complete(WaitOutcome.Ready);
            request = next;
        }
    }
}
