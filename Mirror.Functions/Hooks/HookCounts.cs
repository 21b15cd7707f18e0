using System.Collections.Concurrent;
using System.Text.Json;
using Mirror.Streams.Documents;

namespace Mirror.Functions.Hooks;

/// <summary>Counts what becomes of deliveries, and adds it now and then to the figures that all nodes share. A crash loses what it has yet to add.</summary>
internal sealed class HookCounts(IDocuments documents)
{
    private const string Folder = "hooks-figures/";
    private readonly ConcurrentDictionary<string, HookFigures> _unsaved = new(StringComparer.Ordinal);

    /// <summary>Counts something.</summary>
    public void Add(string hookId, HookFigures more) => _unsaved.AddOrUpdate(hookId, more, (_, before) => before.Plus(more));

    /// <summary>The figures of a webhook: those saved by any node, and what this one has yet to save.</summary>
    public async ValueTask<HookFigures> FindAsync(string hookId, CancellationToken cancellationToken)
        => Read(await documents.GetAsync(Folder + hookId, cancellationToken)).Plus(_unsaved.GetValueOrDefault(hookId) ?? new HookFigures());

    /// <summary>Saves what was counted. What somebody else saves at the same moment makes it wait for the next time.</summary>
    public async Task SaveAsync(CancellationToken cancellationToken)
    {
        foreach (string hookId in _unsaved.Keys)
        {
            Document? before = await documents.GetAsync(Folder + hookId, cancellationToken);
            if (!_unsaved.TryRemove(hookId, out HookFigures? more)) { continue; }
            bool isSaved = false;
            try
            {
                byte[] sum = JsonSerializer.SerializeToUtf8Bytes(Read(before).Plus(more), HookDocuments.Default.HookFigures);
                isSaved = await documents.PutAsync(Folder + hookId, sum, before?.ETag ?? Document.None, cancellationToken) is not null;
            }
            finally { if (!isSaved) { Add(hookId, more); } }
        }
    }

    /// <summary>Removes the figures of a webhook that was removed.</summary>
    public async ValueTask RemoveAsync(string hookId, CancellationToken cancellationToken)
    {
        _unsaved.TryRemove(hookId, out _);
        await documents.DeleteAsync(Folder + hookId, cancellationToken);
    }

    private static HookFigures Read(Document? document)
    {
        try { return document is null ? new HookFigures() : JsonSerializer.Deserialize(document.Content.Span, HookDocuments.Default.HookFigures) ?? new HookFigures(); }
        catch (JsonException) { return new HookFigures(); }  // figures that cannot be read begin anew
    }
}
