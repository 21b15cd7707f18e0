using System.Collections.Concurrent;
using System.Text.Json;
using Mirror.Streams.Documents;

namespace Mirror.Functions.Hooks;

/// <summary>The webhooks that are defined, as documents <c>hooks/ID</c> that all nodes share. What another node changes is seen within <see cref="Freshness"/>.</summary>
internal sealed partial class HookStore(IDocuments documents, HooksOptions options, TimeProvider time, ILogger<HookStore> logger) : IDisposable
{
    /// <summary>Webhooks at most.</summary>
    public const int Most = 100;

    private const string Folder = "hooks/";
    private static readonly TimeSpan Freshness = TimeSpan.FromSeconds(2);
    private readonly SemaphoreSlim _reading = new(1, 1);
    private readonly ConcurrentDictionary<string, byte> _unreadable = new(StringComparer.Ordinal);      // ETags that were complained about
    private Snapshot? _last;
    private int _version;                                    // of what this node itself has changed

    public void Dispose() => _reading.Dispose();

    /// <summary>All webhooks, by id: read now, or a moment ago. While documents cannot be read, those that were last seen.</summary>
    public async ValueTask<IReadOnlyDictionary<string, Hook>> ListAsync(CancellationToken cancellationToken)
    {
        if (IsFresh(_last)) { return _last!.Hooks; }
        await _reading.WaitAsync(cancellationToken);
        try
        {
            if (IsFresh(_last)) { return _last!.Hooks; }
            int version = Volatile.Read(ref _version);
            try { _last = new Snapshot(await ReadAllAsync(cancellationToken), time.GetTimestamp(), version); }
            catch (Exception error) when (_last is not null && _last.Version == version && !cancellationToken.IsCancellationRequested)
            {
                LogStale(error.Message);
                _last = _last with { ReadAt = time.GetTimestamp() };
            }
            return _last.Hooks;
        }
        finally { _reading.Release(); }
    }

    /// <summary>One webhook as it is stored now; <see langword="null"/> if there is none.</summary>
    public async ValueTask<(Hook Hook, string ETag)?> FindAsync(string id, CancellationToken cancellationToken)
        => IsId(id) && await documents.GetAsync(Folder + id, cancellationToken) is { } document && Read(document) is { } hook ? (hook, document.ETag) : null;

    /// <summary>Whether a webhook is stored, readable or not.</summary>
    public async ValueTask<bool> ExistsAsync(string id, CancellationToken cancellationToken) => IsId(id) && await documents.GetAsync(Folder + id, cancellationToken) is not null;

    /// <summary>Writes a webhook.</summary>
    /// <param name="hook">The webhook.</param>
    /// <param name="eTag">That of what it replaces; <see cref="Document.None"/> for a new one.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    /// <returns><see langword="false"/> if somebody else changed it meanwhile.</returns>
    public async ValueTask<bool> PutAsync(Hook hook, string eTag, CancellationToken cancellationToken)
    {
        bool isDone = await documents.PutAsync(Folder + hook.Id, JsonSerializer.SerializeToUtf8Bytes(hook, HookDocuments.Default.Hook), eTag, cancellationToken) is not null;
        Interlocked.Increment(ref _version);
        return isDone;
    }

    /// <summary>Removes a webhook, readable or not.</summary>
    /// <returns><see langword="false"/> if there was none.</returns>
    public async ValueTask<bool> DeleteAsync(string id, CancellationToken cancellationToken)
    {
        bool isDone = IsId(id) && await documents.DeleteAsync(Folder + id, cancellationToken);
        Interlocked.Increment(ref _version);
        return isDone;
    }

    /// <summary>Switches a webhook off, unless somebody changed it meanwhile: that counts for more.</summary>
    public async ValueTask DisableAsync(string id, string reason, CancellationToken cancellationToken)
    {
        if (await FindAsync(id, cancellationToken) is not var (hook, eTag) || !hook.Enabled) { return; }
        if (await PutAsync(hook with { Enabled = false, DisabledReason = reason, UpdatedAt = time.GetUtcNow().UtcDateTime }, eTag, cancellationToken)) { LogDisabled(id, reason); }
    }

    /// <summary>Reads a stored definition, which may be anything; <see langword="null"/> if it is no webhook that the API would take.</summary>
    internal Hook? Read(Document document)
    {
        string fault;
        try
        {
            Hook? hook = JsonSerializer.Deserialize(document.Content.Span, HookDocuments.Default.Hook);
            fault = hook is null || Folder + hook.Id != document.Name ? "it is another's" : HookRules.FindFault(hook, options) ?? "";
            if (fault.Length == 0) { return hook; }
        }
        catch (JsonException error) { fault = $"it is no webhook in JSON (at {error.Path})"; }
        if (_unreadable.TryAdd(document.ETag, 0)) { LogUnreadable(document.Name, fault); }
        return null;
    }

    private async Task<Dictionary<string, Hook>> ReadAllAsync(CancellationToken cancellationToken)
    {
        IReadOnlyList<Document> stored = await documents.ListAsync(Folder, cancellationToken);
        foreach (string eTag in _unreadable.Keys.Except(stored.Select(document => document.ETag))) { _unreadable.TryRemove(eTag, out _); }
        return stored.Select(Read).OfType<Hook>().Take(Most).ToDictionary(hook => hook.Id, StringComparer.Ordinal);
    }

    private static bool IsId(string id) => id.Length <= 64 && id.All(letter => char.IsAsciiLetterOrDigit(letter) || letter == '-') && DocumentName.IsValid(Folder + id);

    private bool IsFresh(Snapshot? snapshot) => snapshot is not null && snapshot.Version == Volatile.Read(ref _version) && time.GetElapsedTime(snapshot.ReadAt) < Freshness;

    private sealed record Snapshot(IReadOnlyDictionary<string, Hook> Hooks, long ReadAt, int Version);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The webhooks could not be read; those last seen stay in force: {Reason}")]
    private partial void LogStale(string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The document {Name} is left out: {Reason}")]
    private partial void LogUnreadable(string name, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Webhook {Hook} is switched off: {Reason}")]
    private partial void LogDisabled(string hook, string reason);
}
