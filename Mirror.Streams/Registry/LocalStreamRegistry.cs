using System.Collections.Concurrent;
using System.Collections.Immutable;

namespace Mirror.Streams.Registry;

/// <summary>The registry of a single process.</summary>
public sealed class LocalStreamRegistry : IStreamRegistry
{
    private readonly ConcurrentDictionary<string, NodeRecord> _nodes = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, TranscodeRecord> _transcodes = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, StreamRecord> _records = new(StringComparer.Ordinal);
    private ImmutableArray<Action<StreamCommand>> _handlers = [];

    /// <inheritdoc/>
    public ValueTask PutAsync(StreamRecord record, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(record);
        _records[record.Id] = record;
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask RemoveAsync(string streamId, CancellationToken cancellationToken)
    {
        _records.TryRemove(streamId, out _);
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask<StreamRecord?> FindAsync(string streamId, CancellationToken cancellationToken)
        => ValueTask.FromResult(_records.GetValueOrDefault(streamId));

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<StreamRecord>> ListAsync(CancellationToken cancellationToken)
        => ValueTask.FromResult<IReadOnlyList<StreamRecord>>([.. _records.Values.OrderBy(record => record.Id, StringComparer.Ordinal)]);

    /// <inheritdoc/>
    public ValueTask<bool> SendAsync(StreamCommand command, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(command);
        if (!_records.ContainsKey(command.StreamId)) { return ValueTask.FromResult(false); }
        foreach (Action<StreamCommand> handler in _handlers) { handler(command); }
        return ValueTask.FromResult(true);
    }

    /// <inheritdoc/>
    public IDisposable Subscribe(Action<StreamCommand> handler)
    {
        ImmutableInterlocked.Update(ref _handlers, static (handlers, added) => handlers.Add(added), handler);
        return new Subscription(this, handler);
    }

    /// <inheritdoc/>
    public ValueTask PutNodeAsync(NodeRecord node, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(node);
        _nodes[node.Id] = node;
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask RemoveNodeAsync(string nodeId, CancellationToken cancellationToken)
    {
        _nodes.TryRemove(nodeId, out _);
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<NodeRecord>> ListNodesAsync(CancellationToken cancellationToken)
        => ValueTask.FromResult<IReadOnlyList<NodeRecord>>([.. _nodes.Values.OrderBy(node => node.Id, StringComparer.Ordinal)]);

    /// <inheritdoc/>
    public ValueTask PutTranscodeAsync(TranscodeRecord transcode, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(transcode);
        _transcodes[transcode.StreamId] = transcode;
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask RemoveTranscodeAsync(string streamId, CancellationToken cancellationToken)
    {
        _transcodes.TryRemove(streamId, out _);
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<TranscodeRecord>> ListTranscodesAsync(CancellationToken cancellationToken)
        => ValueTask.FromResult<IReadOnlyList<TranscodeRecord>>([.. _transcodes.Values.OrderBy(transcode => transcode.StreamId, StringComparer.Ordinal)]);

    private sealed class Subscription(LocalStreamRegistry owner, Action<StreamCommand> handler) : IDisposable
    {
        public void Dispose() => ImmutableInterlocked.Update(ref owner._handlers, static (handlers, removed) => handlers.Remove(removed), handler);
    }
}
