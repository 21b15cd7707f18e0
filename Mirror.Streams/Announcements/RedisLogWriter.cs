using System.Buffers;
using System.Globalization;
using Microsoft.Extensions.Logging;
using Mirror.Media.Frames;
using Mirror.Streams.Registry;
using Mirror.Streams.Shared;
using StackExchange.Redis;

namespace Mirror.Streams.Announcements;

/// <summary>Writes one stream's announcements to its log in Redis and tells the origins, in order, as the node that holds the stream's transcode lease.</summary>
/// <remarks>
/// What is published queues, bounded, while Redis is slow or away. A batch is written in one transaction: on condition that the last fence
/// given out for the stream's lease is the epoch (nobody took it since, whether or not it ran out), and that the last number is the one
/// known here, so that a write whose answer was lost is neither repeated nor missed. The last minute is kept here as well, and written
/// again where Redis comes back empty; that waits for the lease's holder to renew it, which brings the fence back.
/// </remarks>
internal sealed partial class RedisLogWriter(string streamId, RedisConnection redis, RedisLogs logs, RedisNames names, TimeSpan bridge, TimeProvider time, ILogger logger, Action<string, long> fenced)
{
    /// <summary>Announcements that wait at most: six minutes of four renditions in parts of 100 ms.</summary>
    public const int LongestQueue = 16_384;

    private const int MostQueuedBytes = 16 << 20;            // parts in the queue that are still to go along; they are in the store
    private const int LargestBatch = 1 << 20;
    private static readonly TimeSpan LogWindow = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan IndexInterval = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(500);
    private readonly Lock _lock = new();
    private readonly Queue<Queued> _queue = new();
    private readonly Dictionary<string, RenditionState> _published = new(StringComparer.Ordinal);   // as of the last announcement queued
    private readonly Dictionary<string, int> _discontinuities = new(StringComparer.Ordinal);
    private readonly HashSet<string> _interrupted = new(StringComparer.Ordinal);                    // renditions that wait for a segment to start anew with
    private long _queuedBytes;
    private long _fencedEpoch;
    private bool _isWriting;
    private TaskCompletionSource? _flushed;

    private RedisKey FenceKey => names.Fence(Lease.TranscodeOf(streamId));

    // Of the pump alone.
    private readonly ArrayBufferWriter<byte> _message = new();
    private List<(long SentAt, byte[] Bytes)> _log = [];
    private Dictionary<string, RenditionState> _written = new(StringComparer.Ordinal);
    private RedisValue _stored = RedisValue.Null;            // the last number, as Redis has it
    private long _sequence;                                  // of the last announcement written
    private long _attempted;                                 // of the last one in a batch that may have been written
    private bool _isLoaded;
    private long? _fenceMissingSince;
    private long? _indexedAt;
    private long _usedAt = time.GetTimestamp();
    private bool _isRetired;

    /// <summary>Completes once nothing waits to be written.</summary>
    public Task FlushAsync()
    {
        lock (_lock)
        {
            if (!_isWriting) { return Task.CompletedTask; }
            _flushed ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _flushed.Task;
        }
    }

    /// <summary>Retires a writer that has had nothing to do for a while: it takes no more.</summary>
    public bool TryRetire(TimeSpan idleTime)
    {
        lock (_lock) { return _isRetired = !_isWriting && time.GetElapsedTime(_usedAt) > idleTime; }
    }

    /// <summary>Queues an announcement. Never waits.</summary>
    /// <returns><see langword="false"/> if the writer has retired.</returns>
    public bool TryEnqueue(Announcement announcement)
    {
        lock (_lock)
        {
            if (_isRetired) { return false; }
            _usedAt = time.GetTimestamp();
            if (announcement.Rendition.Epoch != 0 && announcement.Rendition.Epoch <= _fencedEpoch)
            {
                StreamsMetrics.AnnouncementsDropped.Add(1);
                return true;
            }
            if (_queue.Count >= LongestQueue) { DropQueue(); }
            int discontinuities = CountDiscontinuities(announcement);
            bool wasInterrupted = _interrupted.Contains(announcement.Rendition.Rendition);
            var entry = new LogEntry(0, discontinuities, 0, announcement);
            RenditionState.Apply(_published, entry with { Sequence = 0 });
            if (wasInterrupted && !TryResume(entry)) { return true; }
            Add(announcement, discontinuities);
            if (_isWriting) { return true; }
            _isWriting = true;
        }
        _ = Task.Run(WriteAllAsync);
        return true;
    }

    private int CountDiscontinuities(Announcement announcement)
    {
        string rendition = announcement.Rendition.Rendition;
        int count = announcement is RenditionStarted started ? started.FirstDiscontinuitySequence : _discontinuities.GetValueOrDefault(rendition);
        if (new LogEntry(0, 0, 0, announcement).StartsDiscontinuity) { count++; }
        _discontinuities[rendition] = count;
        return count;
    }

    private void Add(Announcement announcement, int discontinuities)
    {
        MediaBuffer? bytes = announcement is PartReady { Bytes: { Length: <= AnnouncementCodec.LargestBytes } given } && _queuedBytes + given.Length <= MostQueuedBytes ? given.Retain() : null;
        _queuedBytes += bytes?.Length ?? 0;
        if (announcement is PartReady { Bytes: not null } part) { announcement = part with { Bytes = null }; }
        _queue.Enqueue(new Queued(announcement, discontinuities, bytes, time.GetTimestamp()));
    }

    /// <summary>The queue is full: all of it goes, and each rendition starts anew with its next segment.</summary>
    private void DropQueue()
    {
        LogDropped(streamId, _queue.Count);
        StreamsMetrics.AnnouncementsDropped.Add(_queue.Count);
        foreach (Queued queued in _queue)
        {
            queued.Bytes?.Release();
            _interrupted.Add(queued.Announcement.Rendition.Rendition);
        }
        _queue.Clear();
        _queuedBytes = 0;
    }

    /// <summary>Whether a rendition whose announcements were dropped goes on with this one; what it needs before is queued.</summary>
    private bool TryResume(in LogEntry entry)
    {
        string rendition = entry.Rendition;
        if (entry.Announcement is RenditionStarted or RenditionEnded) { return _interrupted.Remove(rendition); }
        if (!entry.StartsSegment || !_published.TryGetValue(rendition, out RenditionState? state) || state.Started is null || state.InitAt(long.MaxValue) is not { } init)
        {
            StreamsMetrics.AnnouncementsDropped.Add(1);
            return false;
        }
        Add(state.StartedAt(entry), Math.Max(0, entry.DiscontinuitySequence - (entry.StartsDiscontinuity ? 1 : 0)));
        Add(init, entry.DiscontinuitySequence);
        return _interrupted.Remove(rendition);
    }

    private async Task WriteAllAsync()
    {
        List<Queued> batch = [];
        while (TakeBatch(batch))
        {
            TimeSpan pause = ShortestPause;
            while (!await TryWriteAsync(batch))
            {
                await Task.Delay(pause, time);
                pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
            }
            foreach (Queued queued in batch) { queued.Bytes?.Release(); }
        }
    }

    /// <summary>Takes announcements of one epoch from the queue.</summary>
    private bool TakeBatch(List<Queued> batch)
    {
        batch.Clear();
        int bytes = 0;
        lock (_lock)
        {
            while (batch.Count < AnnouncementCodec.MostEntries && bytes < LargestBatch && _queue.TryPeek(out Queued next)
                && (batch.Count == 0 || batch[0].Announcement.Rendition.Epoch == next.Announcement.Rendition.Epoch))
            {
                batch.Add(_queue.Dequeue());
                bytes += next.Bytes?.Length ?? 0;
            }
            _queuedBytes -= bytes;
            _isWriting = batch.Count > 0;
            if (_isWriting) { return true; }
            _flushed?.SetResult();
            _flushed = null;
            return false;
        }
    }

    /// <summary>Writes a batch, or finds that it has been written, or turned down for good.</summary>
    /// <returns><see langword="false"/> to try again: Redis is away, or has forgotten the lease, which is renewed soon.</returns>
    private async Task<bool> TryWriteAsync(List<Queued> batch)
    {
        try
        {
            long epoch = batch[0].Announcement.Rendition.Epoch;
            // 1. What Redis knows of the lease and the log, where that isn't known here.
            if (!_isLoaded && epoch != 0 && await FindFenceAsync() is var last && last != epoch)
            {
                if (last == 0 && IsAwaitingFence()) { return false; }
                Fence(epoch, batch.Count);
                return true;
            }
            _fenceMissingSince = null;
            if (!_isLoaded) { await LoadAsync(); }
            if (_attempted != 0 && RedisLogs.NumberIn(_stored) == _attempted)
            {
                _attempted = 0;                              // the answer to the last attempt was lost, the batch was not
                return true;
            }
            // 2. The batch, after all that Redis has lost.
            return await CommitAsync(batch, epoch);
        }
        catch (SharedStateException error)
        {
            _isLoaded = false;
            LogWaiting(streamId, batch.Count, error.Message);
            return false;
        }
    }

    /// <summary>The last fence given out for the stream's lease; 0 when Redis knows of none.</summary>
    private async Task<long> FindFenceAsync()
        => RedisLogs.NumberIn(await redis.RunAsync(database => database.StringGetAsync(FenceKey), CancellationToken.None));

    /// <summary>Redis has forgotten the lease: its holder, if there is one, renews it soon.</summary>
    private bool IsAwaitingFence()
    {
        _fenceMissingSince ??= time.GetTimestamp();
        return time.GetElapsedTime(_fenceMissingSince.Value) < bridge;
    }

    private async Task LoadAsync()
    {
        StreamLog log = await logs.ReadAsync(streamId, CancellationToken.None);
        _stored = log.Sequence == 0 ? RedisValue.Null : Text(log.Sequence);
        if (log.Sequence >= _sequence && log.Sequence != 0)
        {
            _sequence = log.Sequence;
            _log = [.. log.Entries.Select(entry => (entry.SentAt, Write(entry, null)))];
            _written = new Dictionary<string, RenditionState>(log.Renditions, StringComparer.Ordinal);
        }
        else if (_sequence == 0) { _sequence = time.GetUtcNow().ToUnixTimeMilliseconds(); }
        _isLoaded = true;
    }

    private async Task<bool> CommitAsync(List<Queued> batch, long epoch)
    {
        long now = time.GetUtcNow().ToUnixTimeMilliseconds();
        bool isLost = RedisLogs.NumberIn(_stored) != _sequence;      // Redis came back empty, or from an older image; or this is the first batch
        var added = new List<(long SentAt, byte[] Bytes)>(batch.Count);
        var changed = new HashSet<string>(StringComparer.Ordinal);
        long sequence = _sequence;
        _message.ResetWrittenCount();
        AnnouncementCodec.WriteHeader(_message, streamId);
        foreach (Queued queued in batch)
        {
            Announcement announcement = InTime(queued);
            var entry = new LogEntry(++sequence, queued.Discontinuities, now, announcement);
            AnnouncementCodec.Write(_message, entry, announcement is PartReady ? queued.Bytes : null);
            added.Add((now, Write(entry, null)));
            if (RenditionState.Apply(_written, entry)) { changed.Add(entry.Rendition); }
        }
        List<(long SentAt, byte[] Bytes)> kept = [.. _log.Where(entry => entry.SentAt >= now - LogWindow.TotalMilliseconds), .. added];
        ITransaction? write = null;
        bool isWritten = await redis.RunAsync(database =>
        {
            write = database.CreateTransaction();
            if (epoch != 0) { write.AddCondition(Condition.StringEqual(FenceKey, Text(epoch))); }
            RedisKey last = names.LogSequence(streamId);
            write.AddCondition(_stored.HasValue ? Condition.StringEqual(last, _stored) : Condition.KeyNotExists(last));
            WriteLog(write, isLost ? kept : added, isLost, kept.Count);
            WriteRenditions(write, isLost ? null : changed);
            _ = write.StringSetAsync(last, Text(sequence), RedisLogs.Lifetime);
            _ = write.PublishAsync(names.Announcements, _message.WrittenSpan.ToArray());
            _attempted = sequence;
            return write.ExecuteAsync();
        }, CancellationToken.None);
        if (!isWritten)
        {
            _isLoaded = false;                               // somebody else wrote, took the lease, or Redis was emptied: look again
            return false;
        }
        _attempted = 0;
        _sequence = sequence;
        _stored = Text(sequence);
        _log = kept;
        StreamsMetrics.Announced.Add(batch.Count);
        if (isLost) { _indexedAt = null; }
        UpdateIndex(now);
        return true;
    }

    private void WriteLog(ITransaction write, List<(long SentAt, byte[] Bytes)> entries, bool isAnew, int kept)
    {
        RedisKey key = names.Log(streamId);
        if (isAnew) { _ = write.KeyDeleteAsync(key); }
        _ = write.ListRightPushAsync(key, [.. entries.Select(entry => (RedisValue)entry.Bytes)]);
        if (!isAnew) { _ = write.ListTrimAsync(key, -kept, -1); }
        _ = write.KeyExpireAsync(key, RedisLogs.Lifetime);
    }

    private void WriteRenditions(ITransaction write, HashSet<string>? changed)
    {
        if (changed is { Count: 0 }) { return; }
        RedisKey key = names.LogRenditions(streamId);
        if (changed is null) { _ = write.KeyDeleteAsync(key); }
        foreach (string ended in changed ?? [])
        {
            if (!_written.ContainsKey(ended)) { _ = write.HashDeleteAsync(key, ended); }
        }
        HashEntry[] living = [.. _written.Where(state => changed is null || changed.Contains(state.Key)).Select(state => new HashEntry(state.Key, state.Value.Write(streamId)))];
        if (living.Length == 0) { return; }
        _ = write.HashSetAsync(key, living);
        _ = write.KeyExpireAsync(key, RedisLogs.Lifetime);
    }

    /// <summary>Newcomers find streams by the index; it is in another slot of a cluster, hence apart from the transaction.</summary>
    private void UpdateIndex(long now)
    {
        if (_indexedAt is { } at && time.GetElapsedTime(at) < IndexInterval) { return; }
        _indexedAt = time.GetTimestamp();
        _ = IndexAsync(now);
    }

    private async Task IndexAsync(long now)
    {
        try
        {
            await redis.RunAsync(database =>
            {
                _ = database.SortedSetRemoveRangeByScoreAsync(names.Logs, double.NegativeInfinity, now - RedisLogs.Lifetime.TotalMilliseconds);
                return database.SortedSetAddAsync(names.Logs, streamId, now);
            }, CancellationToken.None);
        }
        catch (SharedStateException) { _indexedAt = null; }
    }

    /// <summary>A part that waited for longer than an outage is bridged is marked as missing: the store may not have it much longer.</summary>
    private Announcement InTime(in Queued queued)
    {
        if (queued.Announcement is not PartReady part || time.GetElapsedTime(queued.QueuedAt) <= bridge) { return queued.Announcement; }
        StreamsMetrics.AnnouncementsDropped.Add(1);
        return new PartMissing(part.Rendition, part.Msn, part.PartIndex, part.Duration, part.EndsSegment, part.ProgramTime) { StartsDiscontinuity = part.StartsDiscontinuity };
    }

    /// <summary>A number as Redis gives it back: conditions compare bytes.</summary>
    private static RedisValue Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    private byte[] Write(in LogEntry entry, MediaBuffer? bytes)
    {
        var output = new ArrayBufferWriter<byte>(128);
        AnnouncementCodec.WriteHeader(output, streamId);
        AnnouncementCodec.Write(output, entry, bytes);
        return output.WrittenSpan.ToArray();
    }

    /// <summary>Another node holds the lease: nothing of this epoch is written any more.</summary>
    private void Fence(long epoch, int count)
    {
        lock (_lock)
        {
            _fencedEpoch = Math.Max(_fencedEpoch, epoch);
            Queued[] others = [.. _queue.Where(queued => queued.Announcement.Rendition.Epoch > epoch)];
            count += _queue.Count - others.Length;
            foreach (Queued queued in _queue)
            {
                if (queued.Announcement.Rendition.Epoch > epoch) { continue; }
                _queuedBytes -= queued.Bytes?.Length ?? 0;
                queued.Bytes?.Release();
            }
            _queue.Clear();
            foreach (Queued queued in others) { _queue.Enqueue(queued); }
        }
        _isLoaded = false;
        _attempted = 0;
        _fenceMissingSince = null;
        StreamsMetrics.AnnouncementsDropped.Add(count);
        LogFenced(streamId, epoch, count);
        fenced(streamId, epoch);
    }

    private readonly record struct Queued(Announcement Announcement, int Discontinuities, MediaBuffer? Bytes, long QueuedAt);

    [LoggerMessage(Level = LogLevel.Error, Message = "Stream {Stream}: Redis was away for too long, {Count} announcements were dropped; each rendition starts anew with its next segment")]
    private partial void LogDropped(string stream, int count);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Stream {Stream}: another node packages it, epoch {Epoch} is over; {Count} announcements were turned down")]
    private partial void LogFenced(string stream, long epoch, int count);

    [LoggerMessage(Level = LogLevel.Debug, Message = "Stream {Stream}: {Count} announcements wait: {Reason}")]
    private partial void LogWaiting(string stream, int count, string reason);
}
