using System.Collections.Concurrent;
using Mirror.Streams.Documents;
using Mirror.Streams.Registry;
using Mirror.Streams.Shared;

namespace Mirror.Functions.Hooks;

/// <summary>Deliveries that wait, as documents: what this node holds, and what nobody does.</summary>
/// <remarks>An event counts as taken once its document is written. It is removed when the delivery is settled; whoever ends before leaves it for the next start, or another node.</remarks>
internal sealed partial class WaitingDeliveries(IDocuments documents, NodeIdentity node, ILogger<WaitingDeliveries> logger)
{
    private const string SingleProcess = "local";            // the same at every start
    private readonly ConcurrentDictionary<string, byte> _held = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, byte> _settled = new(StringComparer.Ordinal);      // those whose documents are still there
    private HashSet<string> _suspects = new(StringComparer.Ordinal);

    /// <summary>What this node's deliveries are marked with.</summary>
    public string Owner { get; } = documents.IsShared ? node.Id : SingleProcess;

    /// <summary>Whether other nodes deliver as well.</summary>
    public bool IsShared => documents.IsShared;

    /// <summary>Keeps a delivery until it is settled. Where this machine's disk cannot, it is held in memory only.</summary>
    /// <exception cref="SharedStateException">The shared storage is away: the event is not taken, so that the topic sends it again.</exception>
    public async Task PutAsync(Delivery delivery, CancellationToken cancellationToken)
    {
        _held.TryAdd(delivery.Document, 0);
        try { await documents.PutAsync(delivery.Document, delivery.Event, ifMatch: null, cancellationToken); }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException) { LogUnkept(delivery.HookId, error.Message); }
        catch
        {
            _held.TryRemove(delivery.Document, out _);
            throw;
        }
    }

    /// <summary>A delivery is settled: its document goes, now or as soon as that can be done.</summary>
    public async Task SettleAsync(Delivery delivery)
    {
        string name = delivery.Document;
        try
        {
            await documents.DeleteAsync(name, CancellationToken.None);
            _held.TryRemove(name, out _);
        }
        catch (Exception error) when (IsFailure(error))
        {
            _settled.TryAdd(name, 0);
            LogUndeleted(name, error.Message);
        }
    }

    /// <summary>A delivery is left to the next start, or to another node.</summary>
    public void Leave(Delivery delivery) => _held.TryRemove(delivery.Document, out _);

    /// <summary>How many deliveries wait for each webhook, at all nodes.</summary>
    public async ValueTask<IReadOnlyDictionary<string, int>> CountAsync(string folder, CancellationToken cancellationToken)
        => (await documents.ListNamesAsync(folder, cancellationToken)).Where(name => !_settled.ContainsKey(name)).CountBy(name => name.Split('/')[1]).ToDictionary(StringComparer.Ordinal);

    /// <summary>Removes the documents of settled deliveries that could not be removed then.</summary>
    public async Task CleanAsync(CancellationToken cancellationToken)
    {
        foreach (string name in _settled.Keys)
        {
            await documents.DeleteAsync(name, cancellationToken);
            _settled.TryRemove(name, out _);
            _held.TryRemove(name, out _);
        }
    }

    /// <summary>Removes all that waits for a webhook that is no more.</summary>
    public async Task RemoveAllAsync(string hookId, CancellationToken cancellationToken)
    {
        foreach (string name in await documents.ListNamesAsync(Delivery.FolderOf(hookId), cancellationToken)) { await documents.DeleteAsync(name, cancellationToken); }
    }

    /// <summary>Deliveries of this node that it does not hold: from before its start, or for want of room.</summary>
    public async Task<IReadOnlyList<Delivery>> FindLeftAsync(CancellationToken cancellationToken)
        => [.. (await NamesAsync(cancellationToken)).Where(waiting => waiting.Owner == Owner && !_held.ContainsKey(waiting.Document))];

    /// <summary>Deliveries of nodes that are no more, which were no more the last time either: leases may be forgotten for a moment.</summary>
    /// <param name="isAlive">Whether a node is still there.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    public async Task<IReadOnlyList<Delivery>> FindOrphansAsync(Func<string, ValueTask<bool>> isAlive, CancellationToken cancellationToken)
    {
        ILookup<string, Delivery> others = (await NamesAsync(cancellationToken)).Where(waiting => waiting.Owner != Owner).ToLookup(waiting => waiting.Owner, StringComparer.Ordinal);
        var gone = new HashSet<string>(StringComparer.Ordinal);
        foreach (string owner in others.Select(waiting => waiting.Key))
        {
            if (!await isAlive(owner)) { gone.Add(owner); }
        }
        HashSet<string> before = _suspects;
        _suspects = gone;
        return [.. gone.Where(before.Contains).SelectMany(owner => others[owner])];
    }

    /// <summary>Takes a delivery over that <see cref="FindLeftAsync"/> or <see cref="FindOrphansAsync"/> found.</summary>
    /// <returns>This node's delivery; <see langword="null"/> if somebody else took it or its document holds no event.</returns>
    public async Task<Delivery?> AdoptAsync(Delivery found, CancellationToken cancellationToken)
    {
        if (await documents.GetAsync(found.Document, cancellationToken) is not { } document) { return null; }
        if (!IsEvent(document.Content))
        {
            LogUnreadable(found.Document);
            await documents.DeleteAsync(found.Document, cancellationToken);
            return null;
        }
        Delivery own = found with { Owner = Owner, Event = document.Content };
        if (found.Owner == Owner) { return _held.TryAdd(own.Document, 0) ? own : null; }
        await PutAsync(own, cancellationToken);
        if (await documents.DeleteAsync(found.Document, cancellationToken)) { return own; }
        await SettleAsync(own);                              // another node was faster
        return null;
    }

    internal static bool IsFailure(Exception error) => error is IOException or UnauthorizedAccessException or SharedStateException;

    private async Task<IEnumerable<Delivery>> NamesAsync(CancellationToken cancellationToken)
        => (await documents.ListNamesAsync(Delivery.Folder, cancellationToken)).Select(name => Delivery.TryParse(name, out Delivery? waiting) ? waiting : null).OfType<Delivery>();

    private static bool IsEvent(ReadOnlyMemory<byte> content)
    {
        try { return Azure.Messaging.CloudEvent.Parse(BinaryData.FromBytes(content)) is not null; }
        catch (Exception error) when (error is System.Text.Json.JsonException or ArgumentException or InvalidOperationException or FormatException) { return false; }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "An event for webhook {Hook} could not be kept and is held in memory only: {Reason}")]
    private partial void LogUnkept(string hook, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Name} could not be removed after its delivery; it is tried again: {Reason}")]
    private partial void LogUndeleted(string name, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Name} holds no event and is removed")]
    private partial void LogUnreadable(string name);
}
