using Mirror.Media.Frames;
using Mirror.Streams.Announcements;
using Mirror.Streams.Store;

namespace Mirror.GpuTranscode.Publishing;

/// <summary>Stores one stream's parts and announces each once it can be read, in order, without ever holding up its caller.</summary>
/// <remarks>
/// A store that answers at once is called inline. While a slower one is busy, operations queue, bounded; a part that finds the queue full,
/// or that the store fails to take, is announced as missing, so that origins mark the gap.
/// </remarks>
internal sealed partial class PartPublisher(ISegmentStore store, IAnnouncements announcements, TimeProvider time, ILogger<PartPublisher> logger)
{
    /// <summary>Operations that wait for a slow store: 12 s of parts of two renditions.</summary>
    public const int QueueLength = 256;

    private readonly Lock _lock = new();
    private readonly Queue<Operation> _queue = new();
    private bool _isBusy;

    /// <summary>The wall-clock time (UTC).</summary>
    public DateTime Now => time.GetUtcNow().UtcDateTime;

    /// <summary>Announces without storing anything.</summary>
    public void Announce(Announcement announcement) => Submit(new Operation(announcement, default, null, null, announcement));

    /// <summary>Stores an initialization segment, then announces it.</summary>
    public void PublishInit(InitReady init, ReadOnlyMemory<byte> bytes) => Submit(new Operation(init, default, null, bytes, null));

    /// <summary>Stores a part, then announces it. Takes over the caller's reference of <paramref name="bytes"/>.</summary>
    public void PublishPart(PartReady part, MediaBuffer bytes)
        => Submit(new Operation(part, new SegmentKey(part.Rendition, part.Msn), bytes, null,
            new PartMissing(part.Rendition, part.Msn, part.PartIndex, part.Duration, part.EndsSegment, part.ProgramTime) { StartsDiscontinuity = part.StartsDiscontinuity }));

    private void Submit(Operation operation)
    {
        lock (_lock)
        {
            if (_isBusy)
            {
                if (_queue.Count < QueueLength)
                {
                    _queue.Enqueue(operation);
                    return;
                }
                operation.Part?.Release();
                if (operation.Otherwise is null) { return; }
                PackagingMetrics.PartsDropped.Add(1);
                LogQueueFull(operation.Announcement.Rendition.StreamId);
                _queue.Enqueue(new Operation(operation.Otherwise, default, null, null, operation.Otherwise));   // small, and the gap must be told
                return;
            }
            _isBusy = true;
        }
        ValueTask running = ExecuteAsync(operation);
        if (!running.IsCompleted || !TryGoIdle()) { _ = DrainAsync(running); }
    }

    private bool TryGoIdle()
    {
        lock (_lock)
        {
            if (_queue.Count > 0) { return false; }
            _isBusy = false;
            return true;
        }
    }

    private async Task DrainAsync(ValueTask running)
    {
        await running;
        while (TryTakeNext(out Operation next)) { await ExecuteAsync(next); }
    }

    private bool TryTakeNext(out Operation next)
    {
        lock (_lock)
        {
            _isBusy = _queue.TryDequeue(out next);
            return _isBusy;
        }
    }

    /// <summary>Never throws: a store that fails costs the one part.</summary>
    private ValueTask ExecuteAsync(Operation operation)
    {
        if (operation.Part is null && operation.Init is null)
        {
            announcements.Publish(operation.Announcement);
            return ValueTask.CompletedTask;
        }
        try
        {
            ValueTask storing = StoreAsync(operation);
            if (!storing.IsCompletedSuccessfully) { return AwaitAsync(storing, operation); }
            Announced(operation);
        }
        catch (Exception error) { Failed(operation, error); }
        return ValueTask.CompletedTask;
    }

    private async ValueTask AwaitAsync(ValueTask storing, Operation operation)
    {
        try
        {
            await storing;
            Announced(operation);
        }
        catch (Exception error) { Failed(operation, error); }
    }

    private ValueTask StoreAsync(in Operation operation)
    {
        if (operation.Init is { } init) { return store.PutInitAsync(operation.Announcement.Rendition, ((InitReady)operation.Announcement).Name, init, CancellationToken.None); }
        var part = (PartReady)operation.Announcement;
        ValueTask appended = store.AppendPartAsync(operation.Segment, part.PartIndex, operation.Part!, CancellationToken.None);
        return part.EndsSegment ? CompleteAsync(appended, operation.Segment) : appended;
    }

    private ValueTask CompleteAsync(ValueTask appended, SegmentKey segment)
        => appended.IsCompletedSuccessfully ? store.CompleteSegmentAsync(segment, CancellationToken.None) : CompleteAfterAsync(appended, segment);

    private async ValueTask CompleteAfterAsync(ValueTask appended, SegmentKey segment)
    {
        await appended;
        await store.CompleteSegmentAsync(segment, CancellationToken.None);
    }

    private void Announced(in Operation operation)
    {
        bool goesAlong = operation.Part is { } bytes && bytes.Length <= announcements.LargestBytes;
        announcements.Publish(goesAlong ? (PartReady)operation.Announcement with { Bytes = operation.Part } : operation.Announcement);
        operation.Part?.Release();
        if (operation.Announcement is PartReady { ReceivedTimestamp: not 0 } part)
        {
            PackagingMetrics.Latency.Record(time.GetElapsedTime(part.ReceivedTimestamp).TotalMilliseconds);
        }
    }

    private void Failed(in Operation operation, Exception error)
    {
        operation.Part?.Release();
        PackagingMetrics.PartsDropped.Add(1);
        LogStoreFailed(operation.Announcement.Rendition.StreamId, error);
        if (operation.Otherwise is { } missing) { announcements.Publish(missing); }
    }

    private readonly record struct Operation(Announcement Announcement, SegmentKey Segment, MediaBuffer? Part, ReadOnlyMemory<byte>? Init, Announcement? Otherwise);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Stream {Stream}: the segment store is too slow, a part was dropped and marked as a gap")]
    private partial void LogQueueFull(string stream);

    [LoggerMessage(Level = LogLevel.Error, Message = "Stream {Stream}: the segment store refused a part, which is marked as a gap")]
    private partial void LogStoreFailed(string stream, Exception error);
}
