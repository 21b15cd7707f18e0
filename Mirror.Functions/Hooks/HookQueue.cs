using System.Collections.Concurrent;
using System.Threading.Channels;

namespace Mirror.Functions.Hooks;

/// <summary>Delivers what waits for one webhook, one request at a time and in order, so that a slow receiver holds up itself alone.</summary>
/// <remarks>A request that failed a few times lets later ones pass, and is repeated beside them.</remarks>
internal sealed partial class HookQueue : IAsyncDisposable
{
    private const int MostBytesInBatch = 512 * 1024;
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(2);        // for the request in flight when Mirror stops

    private readonly string _hookId;
    private readonly HookServices _services;
    private readonly Channel<Delivery> _arrived;
    private readonly ConcurrentDictionary<Sending, byte> _sending = new();
    private readonly SemaphoreSlim _oneAtATime = new(1, 1);
    private readonly CancellationTokenSource _stop = new();
    private readonly CancellationTokenSource _abort = new();
    private readonly Task _running;
    private int _waiting;
    private int _isFailing;

    public HookQueue(string hookId, HookServices services)
    {
        _hookId = hookId;
        _services = services;
        _arrived = Channel.CreateBounded<Delivery>(new BoundedChannelOptions(services.Options.QueueLength) { SingleReader = true });
        _running = Task.Run(DeliverAllAsync);
    }

    /// <summary>Events that wait here, those on their way included.</summary>
    public int Count => Volatile.Read(ref _waiting);

    /// <summary>Takes a place for a delivery, which <see cref="Add"/> fills or <see cref="Release"/> gives back.</summary>
    /// <returns><see langword="false"/> when the queue is full.</returns>
    public bool TryReserve()
    {
        if (Interlocked.Increment(ref _waiting) <= _services.Options.QueueLength)
        {
            HookMetrics.Waiting.Add(1, HookMetrics.Tag(_hookId));
            return true;
        }
        Interlocked.Decrement(ref _waiting);
        return false;
    }

    /// <summary>Queues a delivery that has a place.</summary>
    public void Add(Delivery delivery) => _arrived.Writer.TryWrite(delivery);    // there is room: it has no more than there are places

    /// <summary>Gives a place back.</summary>
    public void Release()
    {
        Interlocked.Decrement(ref _waiting);
        HookMetrics.Waiting.Add(-1, HookMetrics.Tag(_hookId));
    }

    /// <summary>Lets the request in flight end, for a moment, and stops. What waits is left to the next start, or to another node.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_stop.IsCancellationRequested) { return; }
        await _stop.CancelAsync();
        await _running;
        await Task.WhenAll(_sending.Keys.Select(sending => sending.Done)).WaitAsync(Farewell).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _abort.CancelAsync();
        while (!_sending.IsEmpty) { await Task.WhenAll(_sending.Keys.Select(sending => sending.Done)); }
        while (_arrived.Reader.TryRead(out Delivery? left)) { Leave(left); }
        _stop.Dispose();
        _abort.Dispose();
        _oneAtATime.Dispose();
    }

    private async Task DeliverAllAsync()
    {
        try
        {
            while (true) { await StartAsync(new Sending(await TakeAsync())); }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested) { }
    }

    /// <summary>Begins to send, and waits for as long as what comes later must.</summary>
    private async Task StartAsync(Sending sending)
    {
        _sending.TryAdd(sending, 0);
        _ = SendAsync(sending);
        await Task.WhenAny(sending.Done, sending.LetsOthersPass);
    }

    private async Task<List<Delivery>> TakeAsync()
    {
        List<Delivery> batch = [await _arrived.Reader.ReadAsync(_stop.Token)];
        if (await TryFindHookAsync() is not { MaxBatch: > 1 } hook) { return batch; }
        TimeSpan wait = batch[0].ReceivedAt.AddMilliseconds(hook.MaxDelayMs) - _services.Time.GetUtcNow().UtcDateTime;
        using var patience = new CancellationTokenSource(wait > TimeSpan.Zero ? wait : Timeout.InfiniteTimeSpan, _services.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, _stop.Token);
        int bytes = batch[0].Event.Length;
        while (batch.Count < hook.MaxBatch)
        {
            if (!_arrived.Reader.TryPeek(out Delivery? next))
            {
                if (wait <= TimeSpan.Zero || !await MoreComesAsync(either.Token)) { break; }
                continue;
            }
            bytes += next.Event.Length;
            if (bytes > MostBytesInBatch) { break; }
            _arrived.Reader.TryRead(out _);
            batch.Add(next);
        }
        return batch;
    }

    private async Task<bool> MoreComesAsync(CancellationToken cancellationToken)
    {
        try { return await _arrived.Reader.WaitToReadAsync(cancellationToken); }
        catch (OperationCanceledException) { return false; }     // time is up, or Mirror stops: sending finds that out
    }

    private async Task SendAsync(Sending sending)
    {
        try
        {
            HookReply reply = await HookRetries.RunAsync(_services.Retries, sending, () => AttemptAsync(sending), _stop.Token);
            await SettleAsync(sending, reply);
        }
        catch (Exception error)
        {
            if (!_stop.IsCancellationRequested) { _services.LogFault(_hookId, error); }
            foreach (Delivery delivery in sending.Batch) { Leave(delivery); }
        }
        finally
        {
            _sending.TryRemove(sending, out _);
            sending.SetDone();
        }
    }

    private async Task<HookReply> AttemptAsync(Sending sending)
    {
        await _oneAtATime.WaitAsync(_stop.Token);
        try
        {
            Hook? hook;
            try { hook = await FindHookAsync(); }
            catch (Exception error) when (WaitingDeliveries.IsFailure(error)) { return new HookReply(0, error.Message); }
            if (hook is null) { return HookReply.Removed; }
            if (!hook.Enabled) { return HookReply.Disabled; }
            bool isBatch = hook.MaxBatch > 1 || sending.Batch.Count > 1;
            byte[] body = HookClient.BodyOf([.. sending.Batch.Select(delivery => delivery.Event)], isBatch);
            HookReply reply = await _services.Client.SendAsync(hook, sending.Id, body, isBatch, ++sending.Attempts, readBody: false, _abort.Token);
            Tell(reply);
            return reply;
        }
        finally { _oneAtATime.Release(); }
    }

    private void Tell(HookReply reply)
    {
        DateTime now = _services.Time.GetUtcNow().UtcDateTime;
        _services.Counts.Add(_hookId, new HookFigures
        {
            LastAttemptAt = now,
            LastStatus = reply.Status,
            Failed = reply.Error is null ? 0 : 1,
            LastError = reply.Error,
            LastErrorAt = reply.Error is null ? null : now,
        });
        if (reply.IsDelivered && Interlocked.Exchange(ref _isFailing, 0) == 1) { _services.LogBack(_hookId); }
        if (reply.IsWorthRepeating && Interlocked.Exchange(ref _isFailing, 1) == 0) { _services.LogFailing(_hookId, reply.Error!); }
    }

    private async Task SettleAsync(Sending sending, HookReply reply)
    {
        if (reply.IsRefused && sending.Batch.Count > 1)      // one of them may be what is wrong
        {
            foreach (Delivery delivery in sending.Batch) { await StartAsync(new Sending([delivery])); }
            return;
        }
        if (reply.IsGone) { await DisableAsync(); }
        foreach (Delivery delivery in sending.Batch)
        {
            if (reply.IsDelivered)
            {
                HookMetrics.Delivered.Add(1, HookMetrics.Tag(_hookId));
                _services.Counts.Add(_hookId, new HookFigures { Delivered = 1 });
            }
            else if (reply != HookReply.Removed) { _services.DeadLetters.Write(delivery, ReasonOf(reply), sending.Attempts, reply); }
            await _services.Waiting.SettleAsync(delivery);
            Release();
        }
    }

    private async Task DisableAsync()
    {
        try { await _services.Store.DisableAsync(_hookId, "the receiver answered 410 Gone", _stop.Token); }
        catch (Exception error) when (WaitingDeliveries.IsFailure(error)) { _services.LogFailing(_hookId, error.Message); }      // its next event will try again
    }

    private static string ReasonOf(HookReply reply)
        => reply.IsGone ? DeadLetters.Gone : reply.IsRefused ? DeadLetters.Refused : reply == HookReply.Disabled ? DeadLetters.Disabled : DeadLetters.Expired;

    private async ValueTask<Hook?> FindHookAsync() => (await _services.Store.ListAsync(_stop.Token)).GetValueOrDefault(_hookId);

    private async ValueTask<Hook?> TryFindHookAsync()
    {
        try { return await FindHookAsync(); }
        catch (Exception error) when (WaitingDeliveries.IsFailure(error)) { return null; }
    }

    private void Leave(Delivery delivery)
    {
        _services.Waiting.Leave(delivery);
        Release();
    }
}
