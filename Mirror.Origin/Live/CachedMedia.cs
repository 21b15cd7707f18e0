using System.Diagnostics.CodeAnalysis;
using Mirror.Media.Frames;
using Mirror.Streams.Store;

namespace Mirror.Origin.Live;

/// <summary>How a read ended.</summary>
internal enum MediaReadStatus
{
    Found,

    /// <summary>The store does not have it, or no longer.</summary>
    Missing,

    /// <summary>The store failed or took too long.</summary>
    Failed,
}

/// <summary>The result of a read. The receiver owns one reference of <see cref="Buffer"/>.</summary>
internal readonly record struct MediaRead(MediaBuffer? Buffer, MediaReadStatus Status);

/// <summary>Bytes of the store that many viewers ask for: read once, kept until evicted.</summary>
/// <remarks>
/// The slot holds one reference of the buffer and every reader takes its own, so eviction and reading may race: the last to let go
/// returns the bytes. Thread-safe.
/// </remarks>
internal abstract class CachedMedia
{
    private const int MostAttempts = 3;                                        // each lost to an eviction between the read and the reader
    private static readonly TimeSpan FailureHoldOff = TimeSpan.FromMilliseconds(250);  // a failing store is asked four times a second, however many viewers wait
    private readonly Lock _lock = new();
    private MediaBuffer? _buffer;
    private TaskCompletionSource<MediaReadStatus>? _loading;
    private MediaReadStatus _lastFailure;
    private long _failedAt;
    private bool _hasFailed;
    private bool _isClosed;

    /// <summary>Bytes that it has; a store that returns another number has failed.</summary>
    public abstract int Length { get; }

    /// <summary>The cached bytes, with a reference for the caller.</summary>
    public bool TryRetain([NotNullWhen(true)] out MediaBuffer? buffer)
    {
        buffer = Volatile.Read(ref _buffer);
        return buffer is not null && buffer.TryRetain();
    }

    /// <summary>The bytes, from the cache, from a read already under way, or from the store.</summary>
    /// <param name="reader">How to read the store.</param>
    /// <param name="cancellationToken">Ends the caller's wait, not the read, which others may share.</param>
    public ValueTask<MediaRead> ReadAsync(StoreReader reader, CancellationToken cancellationToken)
    {
        if (!TryRetain(out MediaBuffer? cached)) { return LoadAsync(reader, cancellationToken); }
        reader.Metrics.CacheHits.Add(1);
        return new ValueTask<MediaRead>(new MediaRead(cached, MediaReadStatus.Found));
    }

    /// <summary>Lets go of the bytes; a later reader reads the store again.</summary>
    public void Evict() => LetGo(close: false);

    /// <summary>Lets go of the bytes for good: whoever still reads keeps nothing here.</summary>
    public void Close() => LetGo(close: true);

    /// <summary>Reads the store.</summary>
    protected abstract ValueTask<MediaBuffer?> ReadStoreAsync(ISegmentStore store, CancellationToken cancellationToken);

    private async ValueTask<MediaRead> LoadAsync(StoreReader reader, CancellationToken cancellationToken)
    {
        for (int attempt = 0; attempt < MostAttempts; attempt++)
        {
            TaskCompletionSource<MediaReadStatus> loading;
            bool isFirst;
            lock (_lock)
            {
                if (TryRetain(out MediaBuffer? cached)) { return new MediaRead(cached, MediaReadStatus.Found); }
                if (_isClosed) { break; }
                if (_hasFailed && reader.Time.GetElapsedTime(_failedAt) < FailureHoldOff) { return new MediaRead(null, _lastFailure); }
                isFirst = _loading is null;
                loading = _loading ??= new TaskCompletionSource<MediaReadStatus>(TaskCreationOptions.RunContinuationsAsynchronously);
            }
            if (isFirst) { _ = FillAsync(reader, loading); }
            MediaReadStatus status = await loading.Task.WaitAsync(cancellationToken);
            if (status != MediaReadStatus.Found) { return new MediaRead(null, status); }
        }
        return await ReadOnceAsync(reader);
    }

    private async Task FillAsync(StoreReader reader, TaskCompletionSource<MediaReadStatus> loading)
    {
        MediaRead read = await ReadOnceAsync(reader);
        lock (_lock)
        {
            _loading = null;
            _hasFailed = read.Status != MediaReadStatus.Found;
            _lastFailure = read.Status;
            _failedAt = reader.Time.GetTimestamp();
            if (!_isClosed) { _buffer = read.Buffer; }
            else { read.Buffer?.Release(); }
        }
        loading.SetResult(read.Status);
    }

    private async ValueTask<MediaRead> ReadOnceAsync(StoreReader reader)
    {
        MediaRead read = await reader.ReadAsync(this, ReadStoreAsync);
        if (read.Buffer is null || read.Buffer.Length == Length) { return read; }
        read.Buffer.Release();
        return new MediaRead(null, MediaReadStatus.Failed);
    }

    private void LetGo(bool close)
    {
        MediaBuffer? buffer;
        lock (_lock)
        {
            buffer = _buffer;
            _buffer = null;
            _isClosed |= close;
        }
        buffer?.Release();
    }
}
