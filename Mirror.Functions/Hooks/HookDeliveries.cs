using System.Collections.Concurrent;
using System.Text.Json;
using Azure.Messaging;
using Mirror.Streams.Events;
using Mirror.Streams.Registry;

namespace Mirror.Functions.Hooks;

/// <summary>Hands events to the queues of the webhooks that want them, and looks after deliveries that nobody has in hand.</summary>
internal sealed partial class HookDeliveries(HookServices services, ILeases leases, TimeProvider time, ILogger<HookDeliveries> logger) : IHostedService, IAsyncDisposable
{
    private const int LargestEvent = 256 * 1024;
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan PresenceDuration = TimeSpan.FromSeconds(20);      // several of those, since a busy machine may skip one
    private readonly ConcurrentDictionary<string, Lazy<HookQueue>> _queues = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _stop = new();
    private Task _keepingHouse = Task.CompletedTask;
    private Lease? _presence;                                // says that this node's deliveries are in hand
    private long _lastTicks;

    /// <summary>A single process begins with what waited before, so that it goes first.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        try { if (!services.Waiting.IsShared) { await AdoptLeftAsync(cancellationToken); } }
        catch (Exception error) when (WaitingDeliveries.IsFailure(error)) { LogFailed(error.Message); }
        _keepingHouse = Task.Run(KeepHouseAsync, CancellationToken.None);
    }

    /// <summary>Lets requests in flight end; what waits stays where it is kept.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (_stop.IsCancellationRequested) { return; }
        await _stop.CancelAsync();
        await _keepingHouse;
        await Task.WhenAll(_queues.Values.Select(queue => queue.Value.DisposeAsync().AsTask()));
        try
        {
            if (_presence is { } presence) { await leases.ReleaseAsync(presence, cancellationToken); }
            await services.Counts.SaveAsync(cancellationToken);
        }
        catch (Exception error) when (WaitingDeliveries.IsFailure(error) || error is OperationCanceledException) { LogFailed(error.Message); }
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync(CancellationToken.None);
        _stop.Dispose();
    }

    /// <summary>Takes an event for every webhook that wants it. When this returns, a crash does not lose it.</summary>
    /// <exception cref="Mirror.Streams.Shared.SharedStateException">It could not be kept: whoever sent it must send it again, and some receivers may then get it twice.</exception>
    public async Task OfferAsync(CloudEvent happened, CancellationToken cancellationToken)
    {
        string stream = StreamEvent.StreamOf(happened);
        foreach (Hook hook in (await services.Store.ListAsync(cancellationToken)).Values.Where(hook => hook.Wants(happened.Type, stream)))
        {
            await OfferAsync(hook, happened, cancellationToken);
        }
    }

    /// <summary>Takes over what nodes left that are no more.</summary>
    public async Task AdoptOrphansAsync(CancellationToken cancellationToken)
    {
        if (!services.Waiting.IsShared) { return; }
        foreach (Delivery orphan in await services.Waiting.FindOrphansAsync(IsAliveAsync, cancellationToken)) { await AdoptAsync(orphan, cancellationToken); }

        async ValueTask<bool> IsAliveAsync(string owner) => await leases.FindAsync(PresenceOf(owner), cancellationToken) is not null;
    }

    /// <summary>A webhook is no more: neither is what waits for it.</summary>
    public async Task ForgetAsync(string hookId, CancellationToken cancellationToken)
    {
        if (_queues.TryRemove(hookId, out Lazy<HookQueue>? queue)) { await queue.Value.DisposeAsync(); }
        await services.Waiting.RemoveAllAsync(hookId, cancellationToken);
        await services.Counts.RemoveAsync(hookId, cancellationToken);
    }

    /// <summary>An event as a webhook gets it: with its metadata.</summary>
    public static byte[] Serialize(CloudEvent happened, Hook hook)
    {
        if (hook.Metadata.Count == 0) { return JsonSerializer.SerializeToUtf8Bytes(happened); }
        CloudEvent own = CloudEvent.Parse(BinaryData.FromBytes(JsonSerializer.SerializeToUtf8Bytes(happened)))!;
        foreach ((string name, string value) in hook.Metadata) { own.ExtensionAttributes[name] = value; }
        return JsonSerializer.SerializeToUtf8Bytes(own);
    }

    private async Task OfferAsync(Hook hook, CloudEvent happened, CancellationToken cancellationToken)
    {
        var delivery = new Delivery(hook.Id, services.Waiting.Owner, Now(), Delivery.IdOf(hook.Id, happened), Serialize(happened, hook));
        HookQueue queue = QueueOf(hook.Id);
        if (delivery.Event.Length > LargestEvent || !queue.TryReserve())
        {
            bool isFull = delivery.Event.Length <= LargestEvent;
            if (isFull)
            {
                HookMetrics.Dropped.Add(1, HookMetrics.Tag(hook.Id));
                services.Counts.Add(hook.Id, new HookFigures { Dropped = 1 });
            }
            services.DeadLetters.Write(delivery, isFull ? DeadLetters.QueueFull : DeadLetters.TooLarge, attempts: 0, last: null);
            return;
        }
        try { await services.Waiting.PutAsync(delivery, cancellationToken); }
        catch
        {
            queue.Release();
            throw;
        }
        queue.Add(delivery);
    }

    private async Task KeepHouseAsync()
    {
        using var timer = new PeriodicTimer(Interval, time);
        try
        {
            do
            {
                try
                {
                    await KeepPresenceAsync();
                    await services.Waiting.CleanAsync(_stop.Token);
                    await AdoptLeftAsync(_stop.Token);
                    await services.Counts.SaveAsync(_stop.Token);
                    await RemoveIdleAsync();
                }
                catch (Exception error) when (WaitingDeliveries.IsFailure(error)) { LogFailed(error.Message); }
            }
            while (await timer.WaitForNextTickAsync(_stop.Token));
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested) { }
    }

    private async Task KeepPresenceAsync()
    {
        if (_presence is { } held && !await leases.RenewAsync(held, _stop.Token)) { _presence = null; }
        _presence ??= await leases.TryAcquireAsync(PresenceOf(services.Waiting.Owner), services.Waiting.Owner, PresenceDuration, _stop.Token);
    }

    private static string PresenceOf(string owner) => "deliveries/" + owner;

    private async Task AdoptLeftAsync(CancellationToken cancellationToken)
    {
        foreach (Delivery left in await services.Waiting.FindLeftAsync(cancellationToken)) { await AdoptAsync(left, cancellationToken); }
    }

    private async Task AdoptAsync(Delivery found, CancellationToken cancellationToken)
    {
        if (!await services.Store.ExistsAsync(found.HookId, cancellationToken))
        {
            await services.Waiting.RemoveAllAsync(found.HookId, cancellationToken);
            return;
        }
        HookQueue queue = QueueOf(found.HookId);
        if (!queue.TryReserve()) { return; }                 // it waits where it is, until there is room
        Delivery? own = null;
        try { own = await services.Waiting.AdoptAsync(found, cancellationToken); }
        finally { if (own is null) { queue.Release(); } }
        if (own is not null) { queue.Add(own); }
    }

    /// <summary>Ends the queues of webhooks that another node removed.</summary>
    private async Task RemoveIdleAsync()
    {
        IReadOnlyDictionary<string, Hook> hooks = await services.Store.ListAsync(_stop.Token);
        foreach ((string hookId, Lazy<HookQueue> queue) in _queues)
        {
            if (hooks.ContainsKey(hookId) || queue.Value.Count > 0) { continue; }
            if (_queues.TryRemove(new KeyValuePair<string, Lazy<HookQueue>>(hookId, queue))) { await queue.Value.DisposeAsync(); }
        }
    }

    private HookQueue QueueOf(string hookId) => _queues.GetOrAdd(hookId, id => new Lazy<HookQueue>(() => new HookQueue(id, services))).Value;

    /// <summary>The time, later than ever before at this node.</summary>
    private DateTime Now()
    {
        long now = time.GetUtcNow().UtcTicks;
        while (true)
        {
            long last = Interlocked.Read(ref _lastTicks);
            long next = Math.Max(now, last + 1);
            if (Interlocked.CompareExchange(ref _lastTicks, next, last) == last) { return new DateTime(next, DateTimeKind.Utc); }
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "What is kept of webhooks could not be looked after; it is tried again soon: {Reason}")]
    private partial void LogFailed(string reason);
}
