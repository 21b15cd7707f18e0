using System.Collections.Concurrent;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Mirror.Media.Frames;

namespace Mirror.Streams.Store;

/// <summary>The segment store of a single process: memory first, then files, bounded in bytes and age.</summary>
/// <remarks>
/// A part is readable the moment it is appended, without a copy. When memory is over its bound, the oldest complete segments are written to
/// files by one background writer; if that falls behind, or there is no disk tier, the oldest are dropped instead, since memory must stay
/// bounded. Files are scratch: each process has a folder of its own, and removes those of processes that are gone.
/// </remarks>
public sealed partial class LocalSegmentStore : ISegmentStore, IAsyncDisposable
{
    private const int LongestWriteQueue = 256;
    private const int MostInitsPerRendition = 16;
    private const double HardLimitShare = 1.25;              // of the memory bound: above it, segments are dropped rather than written
    private static readonly TimeSpan SweepInterval = TimeSpan.FromSeconds(1);

    private readonly StoreOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger<LocalSegmentStore> _logger;
    private readonly StorageFaults? _faults;
    private readonly ConcurrentDictionary<SegmentKey, StoredSegment> _segments = new();
    private readonly ConcurrentDictionary<RenditionKey, RenditionFiles> _renditions = new();
    private readonly Lock _lock = new();
    private readonly LinkedList<StoredSegment> _inMemory = new();   // oldest first
    private readonly LinkedList<StoredSegment> _onDisk = new();     // oldest first
    private readonly Channel<StoredSegment> _writes = Channel.CreateBounded<StoredSegment>(new BoundedChannelOptions(LongestWriteQueue) { SingleReader = true });
    private readonly ScratchFolder? _folder;
    private readonly ITimer _sweep;
    private readonly Task _writing;
    private long _memoryBytes;
    private long _queuedBytes;
    private long _diskBytes;

    /// <summary>Opens the store, and clears what processes that are gone left on disk.</summary>
    public LocalSegmentStore(StoreOptions options, TimeProvider time, ILogger<LocalSegmentStore> logger, StorageFaults? faults = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(time);
        _options = options;
        _time = time;
        _logger = logger;
        _faults = faults;
        _folder = options.Disk.Bytes > 0 ? ScratchFolder.Open(options.Directory) : null;
        _sweep = time.CreateTimer(static state => ((LocalSegmentStore)state!).Sweep(), this, SweepInterval, SweepInterval);
        _writing = Task.Run(WriteAllAsync);
    }

    /// <summary>Bytes of segments in memory.</summary>
    public long MemoryBytes => Volatile.Read(ref _memoryBytes);

    /// <summary>Bytes of segments on disk.</summary>
    public long DiskBytes => Volatile.Read(ref _diskBytes);

    /// <summary>Segments dropped before their time, for want of room.</summary>
    public long SegmentsDropped { get; private set; }

    /// <inheritdoc/>
    public bool AnswersAtOnce => true;

    /// <inheritdoc/>
    public ValueTask PutInitAsync(RenditionKey rendition, string name, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        Files(rendition).Put(name, bytes);
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">The segment is complete.</exception>
    public ValueTask<long> AppendPartAsync(SegmentKey segment, int partIndex, MediaBuffer part, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(part);
        if (!_segments.TryGetValue(segment, out StoredSegment? stored)) { stored = Create(segment); }
        long offset = stored.Append(part);
        if (Interlocked.Add(ref _memoryBytes, part.Length) > _options.Memory.Bytes) { MakeRoom(); }
        return ValueTask.FromResult(offset);
    }

    /// <inheritdoc/>
    public ValueTask CompleteSegmentAsync(SegmentKey segment, CancellationToken cancellationToken)
    {
        if (_segments.TryGetValue(segment, out StoredSegment? stored)) { stored.IsComplete = true; }
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask<MediaBuffer?> ReadInitAsync(RenditionKey rendition, string name, CancellationToken cancellationToken)
        => ValueTask.FromResult(_renditions.TryGetValue(rendition, out RenditionFiles? files) ? files.Read(name) : null);

    /// <inheritdoc/>
    public ValueTask<MediaBuffer?> ReadAsync(SegmentKey segment, long offset, int length, CancellationToken cancellationToken)
    {
        if (offset < 0 || length < 0 || !_segments.TryGetValue(segment, out StoredSegment? stored)) { return ValueTask.FromResult<MediaBuffer?>(null); }
        MediaBuffer? inMemory = stored.TryRead(offset, length);
        return inMemory is null && stored.File is { } file && offset <= stored.Length - length
            ? ReadFileAsync(file, offset, length, cancellationToken)
            : ValueTask.FromResult(inMemory);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _sweep.DisposeAsync();
        _writes.Writer.TryComplete();
        await _writing;
        foreach (StoredSegment segment in _segments.Values) { segment.MoveTo(null); }
        _segments.Clear();
        _folder?.Dispose();
    }

    private RenditionFiles Files(RenditionKey rendition) => _renditions.GetOrAdd(rendition, static _ => new RenditionFiles());

    private StoredSegment Create(SegmentKey key)
    {
        var segment = new StoredSegment(key, _time.GetUtcNow().UtcDateTime);
        StoredSegment added = _segments.GetOrAdd(key, segment);
        if (added != segment) { return added; }
        lock (_lock) { _inMemory.AddLast(segment); }
        Files(key.Rendition).AddSegment();
        return segment;
    }

    /// <summary>Moves the oldest segments out of memory until what stays, less what the writer has yet to write, fits.</summary>
    private void MakeRoom()
    {
        lock (_lock)
        {
            LinkedListNode<StoredSegment>? oldest = _inMemory.First;
            while (oldest is not null && _memoryBytes - _queuedBytes > _options.Memory.Bytes)
            {
                LinkedListNode<StoredSegment>? next = oldest.Next;
                StoredSegment segment = oldest.Value;
                bool isTooMuch = _memoryBytes > _options.Memory.Bytes * HardLimitShare;
                if (segment.IsComplete || isTooMuch)
                {
                    _inMemory.Remove(oldest);
                    if (_folder is not null && !isTooMuch && segment.IsComplete && _writes.Writer.TryWrite(segment)) { _queuedBytes += segment.Length; }
                    else { Drop(segment); }
                }
                oldest = next;
            }
        }
    }

    private void Drop(StoredSegment segment)
    {
        if (SegmentsDropped++ == 0) { LogDropping(_options.Memory.ToString()); }
        Remove(segment);
    }

    private void Remove(StoredSegment segment)
    {
        if (!_segments.TryRemove(new KeyValuePair<SegmentKey, StoredSegment>(segment.Key, segment))) { return; }
        if (segment.File is { } file)
        {
            Interlocked.Add(ref _diskBytes, -segment.Length);
            TryDelete(file);
        }
        else
        {
            Interlocked.Add(ref _memoryBytes, -segment.Length);
        }
        segment.MoveTo(null);
        if (Files(segment.Key.Rendition).RemoveSegment()) { _renditions.TryRemove(segment.Key.Rendition, out _); }
    }

    private void Sweep()
    {
        DateTime oldest = _time.GetUtcNow().UtcDateTime - _options.Retention;
        lock (_lock)
        {
            while (_inMemory.First is { } first && first.Value.CreatedAt < oldest)
            {
                _inMemory.RemoveFirst();
                Remove(first.Value);
            }
            RemoveFromDisk(oldest);
        }
    }

    private void RemoveFromDisk(DateTime oldest)
    {
        while (_onDisk.First is { } first && (first.Value.CreatedAt < oldest || _diskBytes > _options.Disk.Bytes))
        {
            _onDisk.RemoveFirst();
            Remove(first.Value);
        }
    }

    private async Task WriteAllAsync()
    {
        await foreach (StoredSegment segment in _writes.Reader.ReadAllAsync())
        {
            string file = _folder!.FileOf(segment.Key);
            try
            {
                await WriteAsync(segment, file);
                _faults?.Succeeded(StorageFaults.Segments);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                if (_faults is null) { LogWriteFailed(file, error.Message); }
                else { _faults.Failed(StorageFaults.Segments, error.Message); }
                TryDelete(file);                             // half of it may be there
                file = "";
            }
            lock (_lock)
            {
                _queuedBytes -= segment.Length;
                if (file.Length == 0 || !_segments.ContainsKey(segment.Key))
                {
                    Drop(segment);
                    continue;
                }
                segment.MoveTo(file);
                Interlocked.Add(ref _memoryBytes, -segment.Length);
                Interlocked.Add(ref _diskBytes, segment.Length);
                _onDisk.AddLast(segment);
                RemoveFromDisk(DateTime.MinValue);
            }
        }
    }

    private static async Task WriteAsync(StoredSegment segment, string file)
    {
        MediaBuffer[] parts = segment.RetainParts();
        try
        {
            using Microsoft.Win32.SafeHandles.SafeFileHandle handle = File.OpenHandle(file, FileMode.Create, FileAccess.Write, FileShare.Read, FileOptions.Asynchronous, segment.Length);
            await RandomAccess.WriteAsync(handle, [.. parts.Select(part => part.Memory)], 0);
        }
        finally
        {
            foreach (MediaBuffer part in parts) { part.Release(); }
        }
    }

    private static async ValueTask<MediaBuffer?> ReadFileAsync(string file, long offset, int length, CancellationToken cancellationToken)
    {
        byte[] bytes = BytePool.Rent(length);
        try
        {
            using Microsoft.Win32.SafeHandles.SafeFileHandle handle = File.OpenHandle(file, options: FileOptions.Asynchronous);
            int filled = 0;
            while (filled < length)
            {
                int read = await RandomAccess.ReadAsync(handle, bytes.AsMemory(filled, length - filled), offset + filled, cancellationToken);
                if (read == 0) { return null; }
                filled += read;
            }
            return MediaBuffer.CopyOf(bytes.AsSpan(0, length));
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;                                     // its time came between the look-up and the read
        }
        finally
        {
            BytePool.Return(bytes);
        }
    }

    private static void TryDelete(string file)
    {
        try { File.Delete(file); }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException) { /* the folder goes when the process does */ }
    }

    /// <summary>The initialization segments of one rendition, and how many segments still need them.</summary>
    private sealed class RenditionFiles
    {
        private readonly Lock _lock = new();
        private readonly List<(string Name, MediaBuffer Bytes)> _inits = [];
        private int _segments;

        public void Put(string name, ReadOnlyMemory<byte> bytes)
        {
            lock (_lock)
            {
                if (_inits.Exists(init => init.Name == name)) { return; }
                if (_inits.Count >= MostInitsPerRendition) { _inits.RemoveAt(0); }   // small, and a reader may hold it: left to the collector
                _inits.Add((name, MediaBuffer.CopyOf(bytes.Span)));
            }
        }

        public MediaBuffer? Read(string name)
        {
            lock (_lock) { return _inits.Find(init => init.Name == name).Bytes?.Retain(); }
        }

        public void AddSegment() => Interlocked.Increment(ref _segments);

        public bool RemoveSegment() => Interlocked.Decrement(ref _segments) == 0;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The segment store is full (store.memory {Memory}): the oldest segments are dropped before their time")]
    private partial void LogDropping(string memory);

    [LoggerMessage(Level = LogLevel.Error, Message = "A segment could not be written to {File}: {Reason}")]
    private partial void LogWriteFailed(string file, string reason);
}
