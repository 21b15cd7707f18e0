using System.Globalization;
using Mirror.Streams.Shared;
using StackExchange.Redis;

namespace Mirror.Streams.Announcements;

/// <summary>Reads the logs of announcements in Redis.</summary>
internal sealed class RedisLogs(RedisConnection redis, RedisNames names)
{
    /// <summary>How long a log outlives its last announcement: longer than a publisher may be away.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(15);

    /// <summary>A stream's log at one moment.</summary>
    /// <exception cref="SharedStateException">Redis is away.</exception>
    public async Task<StreamLog> ReadAsync(string streamId, CancellationToken cancellationToken)
    {
        (RedisValue sequence, RedisValue[] entries, HashEntry[] renditions) = await redis.RunAsync(async database =>
        {
            ITransaction read = database.CreateTransaction();        // without a condition: all that it reads is of one moment
            Task<RedisValue> sequence = read.StringGetAsync(names.LogSequence(streamId));
            Task<RedisValue[]> entries = read.ListRangeAsync(names.Log(streamId));
            Task<HashEntry[]> renditions = read.HashGetAllAsync(names.LogRenditions(streamId));
            await read.ExecuteAsync();
            return (await sequence, await entries, await renditions);
        }, cancellationToken);
        return StreamLog.Read(streamId, NumberIn(sequence), entries.Select(entry => (byte[])entry!), renditions.Select(rendition => (byte[])rendition.Value!));
    }

    /// <summary>The last number of each stream's log.</summary>
    /// <exception cref="SharedStateException">Redis is away.</exception>
    public async Task<IReadOnlyDictionary<string, long>> ReadSequencesAsync(long nowInUnixMs, CancellationToken cancellationToken)
    {
        RedisValue[] ids = await ReadIndexAsync(nowInUnixMs, cancellationToken);
        RedisValue[] sequences = await redis.RunAsync(database => Task.WhenAll(ids.Select(id => database.StringGetAsync(names.LogSequence(id!)))), cancellationToken);
        return ids.Zip(sequences).Where(pair => pair.Second.HasValue).ToDictionary(pair => (string)pair.First!, pair => NumberIn(pair.Second), StringComparer.Ordinal);
    }

    /// <summary>Streams that have a rendition which has not ended.</summary>
    /// <exception cref="SharedStateException">Redis is away.</exception>
    public async Task<IReadOnlyList<string>> ListOpenAsync(long nowInUnixMs, CancellationToken cancellationToken)
    {
        RedisValue[] ids = await ReadIndexAsync(nowInUnixMs, cancellationToken);
        bool[] open = await redis.RunAsync(database => Task.WhenAll(ids.Select(id => database.KeyExistsAsync(names.LogRenditions(id!)))), cancellationToken);
        return [.. ids.Zip(open).Where(static pair => pair.Second).Select(static pair => (string)pair.First!)];
    }

    private Task<RedisValue[]> ReadIndexAsync(long nowInUnixMs, CancellationToken cancellationToken)
        => redis.RunAsync(database => database.SortedSetRangeByScoreAsync(names.Logs, nowInUnixMs - Lifetime.TotalMilliseconds), cancellationToken);

    public static long NumberIn(RedisValue value) => long.TryParse((string?)value, NumberStyles.None, CultureInfo.InvariantCulture, out long number) ? number : 0;
}
