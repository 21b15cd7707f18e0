using System.Collections.Concurrent;
using Mirror.Media.Frames;
using Mirror.Streams.Store;

namespace Mirror.Origin.Tests.Publishing;

/// <summary>A segment store for tests: it counts its reads, fails or waits when told to, and knows of every buffer whether it was given back.</summary>
internal sealed class TestStore : ISegmentStore
{
    private readonly ConcurrentDictionary<SegmentKey, List<MediaBuffer>> _segments = new();
    private readonly ConcurrentDictionary<(RenditionKey, string), byte[]> _inits = new();
    private readonly ConcurrentBag<MediaBuffer> _lent = [];
    private volatile TaskCompletionSource? _gate;
    private volatile bool _heedsCancellation;
    private volatile Exception? _failure;
    private int _reads;

    public int Reads => Volatile.Read(ref _reads);

    /// <summary>Buffers handed out of which somebody still holds a reference.</summary>
    public int BuffersHeld => _lent.Count(IsHeld);

    public int BuffersLent => _lent.Count;

    /// <summary>Reads wait until the result is completed.</summary>
    /// <param name="heedsCancellation">Or until whoever reads gives up.</param>
    public TaskCompletionSource Block(bool heedsCancellation = false)
    {
        _heedsCancellation = heedsCancellation;
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _gate = gate;
        return gate;
    }

    /// <summary>Called before each read, for a store that takes its time.</summary>
    public Action? OnRead { get; set; }

    public void FailWith(Exception? failure) => _failure = failure;

    public void Lose(SegmentKey segment) => _segments.TryRemove(segment, out _);

    public ValueTask PutInitAsync(RenditionKey rendition, string name, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        _inits[(rendition, name)] = bytes.ToArray();
        return ValueTask.CompletedTask;
    }

    public ValueTask<long> AppendPartAsync(SegmentKey segment, int partIndex, MediaBuffer part, CancellationToken cancellationToken)
    {
        List<MediaBuffer> parts = _segments.GetOrAdd(segment, _ => []);
        lock (parts)
        {
            parts.Add(part.Retain());
            return ValueTask.FromResult(parts.Sum(stored => (long)stored.Length) - part.Length);
        }
    }

    public ValueTask CompleteSegmentAsync(SegmentKey segment, CancellationToken cancellationToken) => ValueTask.CompletedTask;

    public async ValueTask<MediaBuffer?> ReadInitAsync(RenditionKey rendition, string name, CancellationToken cancellationToken)
    {
        await EnterAsync(cancellationToken);
        return _inits.TryGetValue((rendition, name), out byte[]? bytes) ? Lend(bytes) : null;
    }

    public async ValueTask<MediaBuffer?> ReadAsync(SegmentKey segment, long offset, int length, CancellationToken cancellationToken)
    {
        await EnterAsync(cancellationToken);
        if (!_segments.TryGetValue(segment, out List<MediaBuffer>? parts)) { return null; }
        lock (parts)
        {
            byte[] bytes = [.. parts.SelectMany(part => part.Memory.ToArray()).Skip((int)offset).Take(length)];
            return Lend(bytes);
        }
    }

    private static bool IsHeld(MediaBuffer buffer)
    {
        if (!buffer.TryRetain()) { return false; }
        buffer.Release();
        return true;
    }

    // Each read lends a buffer of its own, so that one reader's missing or second release is not hidden by another's.
    private MediaBuffer Lend(byte[] bytes)
    {
        MediaBuffer buffer = MediaBuffer.CopyOf(bytes);
        _lent.Add(buffer);
        return buffer;
    }

    private async ValueTask EnterAsync(CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _reads);
        OnRead?.Invoke();
        if (_gate is { } gate) { await gate.Task.WaitAsync(_heedsCancellation ? cancellationToken : default); }
        if (_failure is { } failure) { throw failure; }
    }
}
