using System.Collections.Concurrent;
using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Mirror.Streams.Shared;

namespace Mirror.Streams.Announcements;

/// <summary>Announcements between processes: a channel of Redis that all origins listen to, and for each stream a log of the last minute.</summary>
public sealed class RedisAnnouncements : IAnnouncements, IAsyncDisposable
{
    private static readonly TimeSpan WriterIdleTime = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan SweepInterval = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan LongestFlush = TimeSpan.FromSeconds(1);
    private readonly ConcurrentDictionary<string, RedisLogWriter> _writers = new(StringComparer.Ordinal);
    private readonly RedisConnection _redis;
    private readonly IReadOnlyList<RedisConnection> _writing;
    private readonly RedisNames _names;
    private readonly RedisLogs _logs;
    private readonly TimeSpan _bridge;
    private readonly RecentParts _recent;
    private readonly TimeProvider _time;
    private readonly ILogger<RedisAnnouncements> _logger;
    private readonly ITimer _sweep;
    private ImmutableArray<RedisLogReader> _readers = [];

    /// <param name="redis">For listening and reading.</param>
    /// <param name="writing">For writing: streams are spread over them, since a transaction holds up its connection for two round trips.</param>
    /// <param name="options">The prefix of names, and how long an outage is bridged.</param>
    /// <param name="recent">Gets the parts that come along.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Hears of what is dropped.</param>
    public RedisAnnouncements(RedisConnection redis, IReadOnlyList<RedisConnection> writing, SharedOptions options, RecentParts recent, TimeProvider time, ILogger<RedisAnnouncements> logger)
    {
        ArgumentNullException.ThrowIfNull(redis);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(time);
        _redis = redis;
        _writing = writing;
        _names = new RedisNames(options.Prefix);
        _logs = new RedisLogs(redis, _names);
        _bridge = options.Bridge;
        _recent = recent;
        _time = time;
        _logger = logger;
        redis.Listen(_names.Announcements, OnMessage);
        redis.Restored += OnRestored;
        _sweep = time.CreateTimer(static state => ((RedisAnnouncements)state!).Sweep(), this, SweepInterval, SweepInterval);
    }

    /// <inheritdoc/>
    public event Action<string, long>? Fenced;

    /// <inheritdoc/>
    public int LargestBytes => AnnouncementCodec.LargestBytes;

    /// <inheritdoc/>
    public void Publish(Announcement announcement)
    {
        ArgumentNullException.ThrowIfNull(announcement);
        while (!_writers.GetOrAdd(announcement.Rendition.StreamId, static (id, owner) => owner.CreateWriter(id), this).TryEnqueue(announcement)) { /* it has just retired: another is made */ }
    }

    /// <inheritdoc/>
    public IDisposable Subscribe(Action<Announcement> handler)
    {
        var reader = new RedisLogReader(handler, _logs, _recent, _time, _logger);
        ImmutableInterlocked.Update(ref _readers, static (readers, added) => readers.Add(added), reader);
        return new Subscription(this, reader);
    }

    /// <inheritdoc/>
    public Task FlushAsync(string streamId) => _writers.TryGetValue(streamId, out RedisLogWriter? writer) ? writer.FlushAsync() : Task.CompletedTask;

    /// <inheritdoc/>
    /// <exception cref="SharedStateException">Redis is away.</exception>
    public async ValueTask<StreamPosition> FindPositionAsync(string streamId, CancellationToken cancellationToken)
        => (await _logs.ReadAsync(streamId, cancellationToken)).Position();

    /// <inheritdoc/>
    /// <exception cref="SharedStateException">Redis is away.</exception>
    public async ValueTask<IReadOnlyList<string>> ListOpenAsync(CancellationToken cancellationToken)
        => await _logs.ListOpenAsync(_time.GetUtcNow().ToUnixTimeMilliseconds(), cancellationToken);

    /// <inheritdoc/>
    /// <remarks>What was published last is written if that takes no longer than a second.</remarks>
    public async ValueTask DisposeAsync()
    {
        try { await Task.WhenAll(_writers.Values.Select(writer => writer.FlushAsync())).WaitAsync(LongestFlush, _time); }
        catch (TimeoutException) { /* Redis is away */ }
        _redis.Restored -= OnRestored;
        _sweep.Dispose();
        foreach (RedisLogReader reader in _readers) { reader.Dispose(); }
    }

    private RedisLogWriter CreateWriter(string streamId)
    {
        RedisConnection redis = _writing[(int)((uint)string.GetHashCode(streamId, StringComparison.Ordinal) % (uint)_writing.Count)];
        return new RedisLogWriter(streamId, redis, new RedisLogs(redis, _names), _names, _bridge, _time, _logger, (id, epoch) => Fenced?.Invoke(id, epoch));
    }

    private void OnMessage(StackExchange.Redis.RedisValue message)
    {
        byte[]? bytes = message;
        if (bytes is null) { return; }
        foreach (RedisLogReader reader in _readers) { reader.OnMessage(bytes); }
    }

    private void OnRestored()
    {
        foreach (RedisLogReader reader in _readers) { reader.Look(); }
    }

    private void Sweep()
    {
        foreach ((string streamId, RedisLogWriter writer) in _writers)
        {
            if (writer.TryRetire(WriterIdleTime)) { _writers.TryRemove(streamId, out _); }
        }
    }

    private sealed class Subscription(RedisAnnouncements owner, RedisLogReader reader) : IDisposable
    {
        public void Dispose()
        {
            ImmutableInterlocked.Update(ref owner._readers, static (readers, removed) => readers.Remove(removed), reader);
            reader.Dispose();
        }
    }
}
