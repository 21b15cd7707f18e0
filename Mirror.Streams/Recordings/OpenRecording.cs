namespace Mirror.Streams.Recordings;

/// <summary>A recording's index in memory, which follows the one in the archive. Thread-safe.</summary>
/// <param name="key">The recording.</param>
public sealed class OpenRecording(RecordingKey key)
{
    private readonly Lock _lock = new();
    private readonly RecordingIndex _index = new();
    private Task<bool>? _refreshing;
    private long? _refreshedAt;

    /// <summary>The recording.</summary>
    public RecordingKey Key => key;

    /// <summary>Bytes of the index that are read: changes with it.</summary>
    public long Version { get; private set; }

    internal int SegmentCount { get; private set; }

    internal long UsedAt { get; set; }

    /// <summary>Looks at the index, which does not change meanwhile.</summary>
    public T Read<T>(Func<RecordingIndex, T> read)
    {
        ArgumentNullException.ThrowIfNull(read);
        lock (_lock) { return read(_index); }
    }

    /// <summary>Reads on where the index was last read long ago; those who ask at the same time wait for the same reading.</summary>
    /// <returns>Whether the recording is there.</returns>
    internal Task<bool> RefreshAsync(IRecordingArchive archive, TimeProvider time, TimeSpan runningAge, TimeSpan completeAge)
    {
        lock (_lock)
        {
            if (_refreshing is { IsCompleted: false } under) { return under; }
            if (_refreshedAt is { } at && time.GetElapsedTime(at) < (_index.IsComplete ? completeAge : runningAge)) { return Task.FromResult(true); }
            return _refreshing = ReadOnAsync(archive, time);
        }
    }

    private async Task<bool> ReadOnAsync(IRecordingArchive archive, TimeProvider time)
    {
        await Task.Yield();                                  // never within the lock of the caller
        long position = Read(index => index.Position);
        ReadOnlyMemory<byte>? bytes = await archive.ReadIndexAsync(key, position, CancellationToken.None);
        if (bytes is not { } added) { return false; }
        lock (_lock)
        {
            _index.Append(added.Span);
            _refreshedAt = time.GetTimestamp();
            Version = _index.Position;
            SegmentCount = _index.SegmentCount;
        }
        return true;
    }
}
