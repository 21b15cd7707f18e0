using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.Extensions.Logging;
using Mirror.Streams.Serialization;
using Mirror.Streams.Shared;
using StackExchange.Redis;

namespace Mirror.Streams.Registry;

/// <summary>The registry in Redis: a key with a time to live for each record, and an index of each kind by the time of the last write.</summary>
/// <remarks>
/// A command is a field beside the record, so that it waits for its owner, and a message that wakes the owner. The owner hands it out,
/// then removes it; it looks for one at each write of the record as well, since messages get lost. All calls fail with
/// <see cref="SharedStateException"/> while Redis is away, but <see cref="FindAsync"/> answers with the last record seen where there is one.
/// </remarks>
public sealed partial class RedisStreamRegistry : IStreamRegistry
{
    private const int MostRemembered = 4096;                                         // streams whose last record is kept for an outage
    private static readonly RedisValue EpochField = "epoch";
    private static readonly RedisValue RecordField = "record";
    private static readonly RedisValue CommandField = "command";
    private static readonly TimeSpan IndexLifetime = TimeSpan.FromMinutes(15);       // far longer than any record, whatever the nodes' clocks say
    private readonly ConcurrentDictionary<string, long> _own = new(StringComparer.Ordinal);   // streams of this node, with the epoch of their records
    private readonly ConcurrentDictionary<string, (StreamRecord Record, long SeenAt)> _lastSeen = new(StringComparer.Ordinal);
    private readonly RedisConnection _redis;
    private readonly RedisNames _names;
    private readonly TimeProvider _time;
    private readonly ILogger<RedisStreamRegistry> _logger;
    private ImmutableArray<Action<StreamCommand>> _handlers = [];

    /// <param name="redis">Where the records are.</param>
    /// <param name="prefix">What the names of their keys begin with (<see cref="SharedOptions.Prefix"/>).</param>
    /// <param name="time">The clock that the index is kept by.</param>
    /// <param name="logger">Hears of records that cannot be read.</param>
    public RedisStreamRegistry(RedisConnection redis, string prefix, TimeProvider time, ILogger<RedisStreamRegistry> logger)
    {
        ArgumentNullException.ThrowIfNull(redis);
        _redis = redis;
        _names = new RedisNames(prefix);
        _time = time;
        _logger = logger;
        redis.Listen(_names.Commands, streamId => OnCommandWaiting(streamId!));
    }

    private static TimeSpan RecordLifetime => IStreamRegistry.RecordLifetime;

    private static TimeSpan NodeLifetime => IStreamRegistry.NodeLifetime;

    private long Now => _time.GetUtcNow().ToUnixTimeMilliseconds();

    /// <inheritdoc/>
    public async ValueTask PutAsync(StreamRecord record, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(record);
        RedisKey key = _names.Stream(record.Id);
        RedisValue[] seen = await _redis.RunAsync(database => database.HashGetAsync(key, [EpochField, CommandField]), cancellationToken);
        if (NumberIn(seen[0]) > record.Epoch)
        {
            _own.TryRemove(record.Id, out _);
            return;
        }
        _own[record.Id] = record.Epoch;
        RedisValue json = JsonSerializer.SerializeToUtf8Bytes(record, StreamsJson.Default.StreamRecord);
        await _redis.RunAsync(database =>
        {
            ITransaction write = database.CreateTransaction();
            _ = write.HashSetAsync(key, [new HashEntry(EpochField, record.Epoch), new HashEntry(RecordField, json)]);
            _ = write.KeyExpireAsync(key, LifetimeOf(record));
            _ = database.SortedSetAddAsync(_names.Streams, record.Id, Now);
            return write.ExecuteAsync();
        }, cancellationToken);
        if (seen[1].HasValue) { await HandOutAsync(record.Id, seen[1], cancellationToken); }
    }

    /// <inheritdoc/>
    /// <remarks>A record that another node wrote with a higher epoch stays.</remarks>
    public async ValueTask RemoveAsync(string streamId, CancellationToken cancellationToken)
    {
        RedisKey key = _names.Stream(streamId);
        bool isOwn = _own.TryRemove(streamId, out long epoch);
        _lastSeen.TryRemove(streamId, out _);
        if (isOwn && NumberIn(await _redis.RunAsync(database => database.HashGetAsync(key, EpochField), cancellationToken)) > epoch) { return; }
        await _redis.RunAsync(database =>
        {
            _ = database.SortedSetRemoveAsync(_names.Streams, streamId);
            return database.KeyDeleteAsync(key);
        }, cancellationToken);
    }

    /// <inheritdoc/>
    public async ValueTask<StreamRecord?> FindAsync(string streamId, CancellationToken cancellationToken)
    {
        try
        {
            StreamRecord? record = Read(streamId, await _redis.RunAsync(database => database.HashGetAsync(_names.Stream(streamId), RecordField), cancellationToken),
                StreamsJson.Default.StreamRecord);
            Remember(streamId, record);
            return record;
        }
        catch (SharedStateException) when (_lastSeen.TryGetValue(streamId, out (StreamRecord Record, long SeenAt) last) && _time.GetElapsedTime(last.SeenAt) < RecordLifetime)
        {
            return last.Record;
        }
    }

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<StreamRecord>> ListAsync(CancellationToken cancellationToken)
    {
        IReadOnlyList<StreamRecord> records = await ListAsync(_names.Streams, (database, id) => database.HashGetAsync(_names.Stream(id), RecordField),
            StreamsJson.Default.StreamRecord, cancellationToken);
        foreach (StreamRecord record in records) { Remember(record.Id, record); }
        return records;
    }

    /// <inheritdoc/>
    public async ValueTask<bool> SendAsync(StreamCommand command, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(command);
        RedisKey key = _names.Stream(command.StreamId);
        RedisValue json = JsonSerializer.SerializeToUtf8Bytes(command, StreamsJson.Default.StreamCommand);
        // A transaction fails as well where the owner wrote the record meanwhile.
        while (!await _redis.RunAsync(database =>
        {
            ITransaction write = database.CreateTransaction();
            write.AddCondition(Condition.HashExists(key, RecordField));
            _ = write.HashSetAsync(key, CommandField, json);
            return write.ExecuteAsync();
        }, cancellationToken))
        {
            if (!await _redis.RunAsync(database => database.HashExistsAsync(key, RecordField), cancellationToken)) { return false; }
        }
        await _redis.RunAsync(database => database.PublishAsync(_names.Commands, command.StreamId), cancellationToken);
        return true;
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
        return PutAsync(_names.Node(node.Id), _names.Nodes, node.Id, JsonSerializer.SerializeToUtf8Bytes(node, StreamsJson.Default.NodeRecord), cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask RemoveNodeAsync(string nodeId, CancellationToken cancellationToken) => RemoveAsync(_names.Node(nodeId), _names.Nodes, nodeId, cancellationToken);

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<NodeRecord>> ListNodesAsync(CancellationToken cancellationToken)
        => await ListAsync(_names.Nodes, (database, id) => database.StringGetAsync(_names.Node(id)), StreamsJson.Default.NodeRecord, cancellationToken);

    /// <inheritdoc/>
    public ValueTask PutTranscodeAsync(TranscodeRecord transcode, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(transcode);
        return PutAsync(_names.Transcode(transcode.StreamId), _names.Transcodes, transcode.StreamId,
            JsonSerializer.SerializeToUtf8Bytes(transcode, StreamsJson.Default.TranscodeRecord), cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask RemoveTranscodeAsync(string streamId, CancellationToken cancellationToken)
        => RemoveAsync(_names.Transcode(streamId), _names.Transcodes, streamId, cancellationToken);

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<TranscodeRecord>> ListTranscodesAsync(CancellationToken cancellationToken)
        => await ListAsync(_names.Transcodes, (database, id) => database.StringGetAsync(_names.Transcode(id)), StreamsJson.Default.TranscodeRecord, cancellationToken);

    private async ValueTask PutAsync(RedisKey key, RedisKey index, string id, byte[] json, CancellationToken cancellationToken)
        => await _redis.RunAsync(database =>
        {
            _ = database.SortedSetAddAsync(index, id, Now);
            return database.StringSetAsync(key, json, NodeLifetime);
        }, cancellationToken);

    private async ValueTask RemoveAsync(RedisKey key, RedisKey index, string id, CancellationToken cancellationToken)
        => await _redis.RunAsync(database =>
        {
            _ = database.SortedSetRemoveAsync(index, id);
            return database.KeyDeleteAsync(key);
        }, cancellationToken);

    private async Task<IReadOnlyList<T>> ListAsync<T>(RedisKey index, Func<IDatabase, string, Task<RedisValue>> read, JsonTypeInfo<T> type, CancellationToken cancellationToken)
    {
        RedisValue[] ids = await _redis.RunAsync(database =>
        {
            _ = database.SortedSetRemoveRangeByScoreAsync(index, double.NegativeInfinity, Now - IndexLifetime.TotalMilliseconds);
            return database.SortedSetRangeByScoreAsync(index);
        }, cancellationToken);
        Array.Sort(ids, static (a, b) => string.CompareOrdinal(a, b));
        RedisValue[] values = await _redis.RunAsync(database => Task.WhenAll(ids.Select(id => read(database, id!))), cancellationToken);
        var records = new List<T>(values.Length);
        for (int i = 0; i < values.Length; i++)
        {
            if (Read(ids[i]!, values[i], type) is { } record) { records.Add(record); }
        }
        return records;
    }

    /// <summary>A command waits for the owner of a stream, which may be another node.</summary>
    private async void OnCommandWaiting(string streamId)
    {
        if (!_own.ContainsKey(streamId)) { return; }
        try
        {
            RedisValue waiting = await _redis.RunAsync(database => database.HashGetAsync(_names.Stream(streamId), CommandField), CancellationToken.None);
            if (waiting.HasValue) { await HandOutAsync(streamId, waiting, CancellationToken.None); }
        }
        catch (SharedStateException error) { LogCommandLate(streamId, error.Message); }
    }

    private async Task HandOutAsync(string streamId, RedisValue waiting, CancellationToken cancellationToken)
    {
        if (Read(streamId, waiting, StreamsJson.Default.StreamCommand) is { } command && command.StreamId == streamId)
        {
            foreach (Action<StreamCommand> handler in _handlers) { handler(command); }
        }
        await _redis.RunAsync(database =>
        {
            ITransaction remove = database.CreateTransaction();
            remove.AddCondition(Condition.HashEqual(_names.Stream(streamId), CommandField, waiting));
            _ = remove.HashDeleteAsync(_names.Stream(streamId), CommandField);
            return remove.ExecuteAsync();
        }, cancellationToken);
    }

    private T? Read<T>(string id, RedisValue json, JsonTypeInfo<T> type)
    {
        if (!json.HasValue) { return default; }
        try { return JsonSerializer.Deserialize(((byte[])json!).AsSpan(), type); }
        catch (JsonException error)
        {
            LogUnreadable(id, error.Message);
            return default;
        }
    }

    private static TimeSpan LifetimeOf(StreamRecord record)
    {
        TimeSpan wanted = record.ReconnectWindow + IStreamRegistry.RecordMargin;
        return wanted > RecordLifetime ? wanted : RecordLifetime;
    }

    private void Remember(string streamId, StreamRecord? record)
    {
        if (record is null) { _lastSeen.TryRemove(streamId, out _); }
        else if (_lastSeen.Count < MostRemembered || _lastSeen.ContainsKey(streamId)) { _lastSeen[streamId] = (record, _time.GetTimestamp()); }
        else
        {
            foreach ((string id, (_, long seenAt)) in _lastSeen)
            {
                if (_time.GetElapsedTime(seenAt) > RecordLifetime) { _lastSeen.TryRemove(id, out _); }
            }
        }
    }

    private static long NumberIn(RedisValue value) => long.TryParse((string?)value, NumberStyles.None, CultureInfo.InvariantCulture, out long number) ? number : -1;

    private sealed class Subscription(RedisStreamRegistry owner, Action<StreamCommand> handler) : IDisposable
    {
        public void Dispose() => ImmutableInterlocked.Update(ref owner._handlers, static (handlers, removed) => handlers.Remove(removed), handler);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "A record of {Id} in Redis cannot be read: {Reason}")]
    private partial void LogUnreadable(string id, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Stream {Stream}: a command will be looked for again at the next heartbeat: {Reason}")]
    private partial void LogCommandLate(string stream, string reason);
}
