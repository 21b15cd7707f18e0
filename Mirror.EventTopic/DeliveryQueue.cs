namespace Mirror.EventTopic;

/// <summary>Delivers one subscription's events at least once, in no certain order: what fails waits for its next attempt while others go on.</summary>
internal sealed class DeliveryQueue : IAsyncDisposable
{
    private const int MostAtOnce = 8;
    private static readonly TimeSpan HandshakeInterval = TimeSpan.FromSeconds(1);

    private readonly TopicOptions _options;
    private readonly WebhookClient _client;
    private readonly DeadLetter _deadLetter;
    private readonly TimeProvider _time;
    private readonly Lock _lock = new();
    private readonly PriorityQueue<Delivery, long> _waiting = new();      // by the time at which they are due, in ticks of the clock's timestamp
    private readonly SemaphoreSlim _changed = new(0, 1);
    private readonly SemaphoreSlim _slots = new(MostAtOnce, MostAtOnce);
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _delivering;
    private uint _next;
    private int _inFlight;

    public DeliveryQueue(Subscription subscription, bool isValidated, TopicOptions options, WebhookClient client, DeadLetter deadLetter, TimeProvider time)
    {
        Subscription = subscription;
        IsValidated = isValidated;
        _options = options;
        _client = client;
        _deadLetter = deadLetter;
        _time = time;
        _delivering = Task.Run(DeliverAllAsync);
    }

    public Subscription Subscription { get; }

    /// <summary>A webhook has agreed to get events.</summary>
    public bool IsValidated { get; private set; }

    /// <summary>Events that wait or are being delivered.</summary>
    public int Count
    {
        get { lock (_lock) { return _waiting.Count + _inFlight; } }
    }

    /// <summary>Takes an event, if the subscription wants it and has room.</summary>
    public void Offer(TopicEvent happened)
    {
        if (!Subscription.Wants(happened)) { return; }
        lock (_lock)
        {
            if (_waiting.Count >= _options.MaxWaiting)
            {
                TopicMetrics.Dropped.Add(1);
                return;
            }
            _waiting.Enqueue(new Delivery(happened, _time.GetUtcNow()), _time.GetTimestamp());
        }
        Wake();
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _delivering;
        for (int i = 0; i < MostAtOnce; i++) { await _slots.WaitAsync(); }     // those in flight end
        _stop.Dispose();
        _changed.Dispose();
        _slots.Dispose();
    }

    private void Wake()
    {
        try { _changed.Release(); }
        catch (SemaphoreFullException) { /* it is awake */ }
    }

    private async Task DeliverAllAsync()
    {
        try
        {
            while (!IsValidated)
            {
                IsValidated = await _client.FindObjectionAsync(EndpointAt(_next++), _stop.Token) is null;
                if (!IsValidated) { await Task.Delay(HandshakeInterval, _time, _stop.Token); }
            }
            while (true)
            {
                await _slots.WaitAsync(_stop.Token);
                Delivery? due = null;
                try { due = await TakeDueAsync(); }
                finally { if (due is null) { _slots.Release(); } }
                _ = DeliverAsync(due);
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested) { }
    }

    private async Task<Delivery> TakeDueAsync()
    {
        while (true)
        {
            TimeSpan wait = Timeout.InfiniteTimeSpan;
            lock (_lock)
            {
                if (_waiting.TryPeek(out Delivery? next, out long due))
                {
                    wait = _time.GetElapsedTime(_time.GetTimestamp(), due);
                    if (wait <= TimeSpan.Zero)
                    {
                        _waiting.Dequeue();
                        _inFlight++;
                        return next;
                    }
                }
            }
            if (wait == Timeout.InfiniteTimeSpan)
            {
                await _changed.WaitAsync(_stop.Token);
                continue;
            }
            using var woken = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
            Task change = _changed.WaitAsync(woken.Token);
            await Task.WhenAny(change, Task.Delay(wait, _time, woken.Token));
            await woken.CancelAsync();
            _stop.Token.ThrowIfCancellationRequested();
        }
    }

    // Never throws: the client answers with a status whatever happens, and cancellation ends quietly.
    private async Task DeliverAsync(Delivery delivery)
    {
        try
        {
            if (delivery.GivenUp is { } reason)
            {
                _deadLetter.Write(Subscription, delivery.Event, reason, delivery.Attempts, delivery.Status, delivery.Published);
                return;
            }
            int status = await AttemptAsync(delivery);
            delivery.Attempts++;
            if (RetrySchedule.IsDelivered(status)) { TopicMetrics.Delivered.Add(1); }
            else { Fail(delivery, status); }
        }
        catch (OperationCanceledException) { }
        finally
        {
            lock (_lock) { _inFlight--; }
            _slots.Release();
        }
    }

    private async Task<int> AttemptAsync(Delivery delivery)
    {
        int status = 0;
        uint first = Interlocked.Increment(ref _next);
        for (uint i = 0; i < Subscription.Endpoints.Count && !RetrySchedule.IsDelivered(status) && !RetrySchedule.IsHopeless(status); i++)
        {
            status = await _client.DeliverAsync(EndpointAt(first + i), Subscription, delivery.Event, delivery.Attempts, _stop.Token);
        }
        return status;
    }

    private void Fail(Delivery delivery, int status)
    {
        TopicMetrics.Failed.Add(1, new KeyValuePair<string, object?>("status", status));
        delivery.Status = status;
        TimeSpan wait = RetrySchedule.WaitAfter(delivery.Attempts, status, _options.RetryFactor);
        if (RetrySchedule.IsHopeless(status))
        {
            delivery.GivenUp = DeadLetter.Refused(status);
            wait = TimeSpan.Zero;
        }
        else if (delivery.Attempts >= _options.MaxAttempts) { (delivery.GivenUp, wait) = (DeadLetter.TooManyAttempts, _options.DeadLetterDelay); }
        else if (_time.GetUtcNow() + wait - delivery.Published >= _options.TimeToLive) { (delivery.GivenUp, wait) = (DeadLetter.TooOld, _options.DeadLetterDelay); }
        lock (_lock) { _waiting.Enqueue(delivery, _time.GetTimestamp() + (long)(wait.TotalSeconds * _time.TimestampFrequency)); }
        Wake();
    }

    private string EndpointAt(uint number) => Subscription.Endpoints[(int)(number % (uint)Subscription.Endpoints.Count)];

    private sealed class Delivery(TopicEvent happened, DateTimeOffset published)
    {
        public TopicEvent Event => happened;

        public DateTimeOffset Published => published;

        public int Attempts { get; set; }

        /// <summary>HTTP status of the last attempt.</summary>
        public int Status { get; set; }

        /// <summary>Why no further attempt is made.</summary>
        public string? GivenUp { get; set; }
    }
}
