using System.Collections.Concurrent;
using Mirror.Media.Frames;
using Mirror.Streams.Announcements;
using Mirror.Streams.Store;

namespace Mirror.GpuTranscode.Publishing;

/// <summary>How long, and how much, one stream's parts may wait for a store that is slow or away.</summary>
/// <param name="LongestWait">A part that could not be stored for so long is a gap.</param>
/// <param name="MostBytes">Parts that wait, in bytes: what comes beyond that is a gap.</param>
internal sealed record PublishLimits(TimeSpan LongestWait, long MostBytes)
{
    public static PublishLimits Default { get; } = new(TimeSpan.FromSeconds(30), 256L << 20);
}

/// <summary>Stores one stream's parts and announces each once it can be read, in order, without ever holding up its caller.</summary>
/// <remarks>
/// Renditions do not wait for each other. A store that answers at once is called inline. While a slower one is busy, operations queue, bounded,
/// and parts of one segment that queued together are stored in one call, so that it keeps up however long a call takes. A part that finds no room,
/// waits for too long, or that the store refuses, is announced as missing, so that origins mark the gap.
/// </remarks>
internal sealed partial class PartPublisher(ISegmentStore store, IAnnouncements announcements, TimeProvider time, ILogger<PartPublisher> logger, PublishLimits? limits = null)
{
    private const int LongestQueue = 8192;                   // operations of one rendition: 13 min of parts of 100 ms; bytes are the tighter bound
    private const int LargestAppend = 4 << 20;               // bytes stored in one call
    private readonly PublishLimits _limits = limits ?? PublishLimits.Default;
    private readonly ConcurrentDictionary<string, Lane> _lanes = new(StringComparer.Ordinal);
    private long _waitingBytes;

    /// <summary>The wall-clock time (UTC).</summary>
    public DateTime Now => time.GetUtcNow().UtcDateTime;

    /// <summary>Announces without storing anything.</summary>
    public void Announce(Announcement announcement) => Submit(new Operation(announcement, default, null, null, announcement, 0));

    /// <summary>Stores an initialization segment, then announces it.</summary>
    public void PublishInit(InitReady init, ReadOnlyMemory<byte> bytes) => Submit(new Operation(init, default, null, bytes, null, 0));

    /// <summary>Stores a part, then announces it. Takes over the caller's reference of <paramref name="bytes"/>.</summary>
    public void PublishPart(PartReady part, MediaBuffer bytes)
        => Submit(new Operation(part, new SegmentKey(part.Rendition, part.Msn), bytes, null,
            new PartMissing(part.Rendition, part.Msn, part.PartIndex, part.Duration, part.EndsSegment, part.ProgramTime) { StartsDiscontinuity = part.StartsDiscontinuity },
            time.GetTimestamp()));

    /// <summary>Completes once all that was published is stored, or given up, and announced.</summary>
    public Task FlushAsync() => Task.WhenAll(_lanes.Values.Select(static lane => lane.FlushAsync()));

    private void Submit(in Operation operation)
    {
        Lane lane = _lanes.GetOrAdd(operation.Announcement.Rendition.Rendition, static _ => new Lane());
        if (!lane.TryGoBusy())
        {
            if (TryEnqueue(lane, operation)) { return; }     // or else it has gone idle meanwhile, and is busy with this one now
        }
        ValueTask running = ExecuteAsync(operation);
        if (!running.IsCompleted || !lane.TryGoIdle()) { _ = DrainAsync(lane, running); }
    }

    /// <returns><see langword="false"/> if the rendition has gone idle: it is the caller's.</returns>
    private bool TryEnqueue(Lane lane, in Operation operation)
    {
        int length = operation.Part?.Length ?? 0;
        if (length == 0 || (lane.Count < LongestQueue && Volatile.Read(ref _waitingBytes) + length <= _limits.MostBytes))
        {
            if (!lane.TryEnqueue(operation)) { return false; }
            Interlocked.Add(ref _waitingBytes, length);
            return true;
        }
        Announcement missing = operation.Otherwise!;
        if (!lane.TryEnqueue(new Operation(missing, default, null, null, missing, 0))) { return false; }   // small, and the gap must be told
        operation.Part!.Release();
        PackagingMetrics.PartsDropped.Add(1);
        LogQueueFull(missing.Rendition.StreamId);
        return true;
    }

    private async Task DrainAsync(Lane lane, ValueTask running)
    {
        await running;
        List<Operation> batch = [];
        while (lane.TryTake(batch, LargestAppend))
        {
            foreach (Operation taken in batch) { Interlocked.Add(ref _waitingBytes, -(taken.Part?.Length ?? 0)); }
            await (batch[0].Part is null ? ExecuteAsync(batch[0]) : StoreAsync(batch));
        }
    }

    /// <summary>Never throws: a store that fails costs the one part.</summary>
    private ValueTask ExecuteAsync(in Operation operation)
    {
        if (operation.Part is null && operation.Init is null)
        {
            announcements.Publish(operation.Announcement);
            return ValueTask.CompletedTask;
        }
        if (operation.Init is not null) { return StoreInitAsync(operation); }
        if (!store.AnswersAtOnce) { return StoreAsync([operation]); }
        try
        {
            ValueTask<long> storing = store.AppendPartAsync(operation.Segment, ((PartReady)operation.Announcement).PartIndex, operation.Part!, CancellationToken.None);
            if (!storing.IsCompletedSuccessfully) { return AwaitAsync(storing, operation); }
            Announced(operation, storing.Result);
        }
        catch (Exception error) { Failed(operation, error); }
        return ValueTask.CompletedTask;
    }

    private async ValueTask AwaitAsync(ValueTask<long> storing, Operation operation)
    {
        try { Announced(operation, await storing); }
        catch (Exception error) { Failed(operation, error); }
    }

    /// <summary>Nothing can be played without it, so that it waits for as long as it takes.</summary>
    private async ValueTask StoreInitAsync(Operation operation)
    {
        try
        {
            await store.PutInitAsync(operation.Announcement.Rendition, ((InitReady)operation.Announcement).Name, operation.Init!.Value, CancellationToken.None);
            announcements.Publish(operation.Announcement);
        }
        catch (Exception error) { Failed(operation, error); }
    }

    /// <summary>Stores parts of one segment that follow each other.</summary>
    private async ValueTask StoreAsync(List<Operation> batch)
    {
        int told = 0;
        try
        {
            TimeSpan left = _limits.LongestWait - time.GetElapsedTime(batch[0].SubmittedAt);
            if (left <= TimeSpan.Zero) { throw new TimeoutException($"It waited for {_limits.LongestWait}."); }
            using var timeout = new CancellationTokenSource(left, time);
            long offset = await store.AppendPartsAsync(batch[0].Segment, ((PartReady)batch[0].Announcement).PartIndex, [.. batch.Select(operation => operation.Part!)], timeout.Token);
            for (; told < batch.Count; told++)
            {
                int length = batch[told].Part!.Length;
                Announced(batch[told], offset);
                offset += length;
            }
        }
        catch (Exception error)
        {
            for (; told < batch.Count; told++) { Failed(batch[told], error); }
        }
    }

    private void Announced(in Operation operation, long offset)
    {
        var part = (PartReady)operation.Announcement;
        bool goesAlong = operation.Part!.Length <= announcements.LargestBytes;
        if (part.EndsSegment) { Complete(operation.Segment); }
        announcements.Publish(goesAlong || offset != part.Offset ? part with { Offset = offset, Bytes = goesAlong ? operation.Part : null } : part);
        operation.Part.Release();
        if (part.ReceivedTimestamp != 0) { PackagingMetrics.Latency.Record(time.GetElapsedTime(part.ReceivedTimestamp).TotalMilliseconds); }
    }

    /// <summary>Only tells the store that it may move the segment: a failure of that loses nothing.</summary>
    private void Complete(SegmentKey segment)
    {
        ValueTask completing = store.CompleteSegmentAsync(segment, CancellationToken.None);
        if (!completing.IsCompletedSuccessfully) { _ = CompleteAsync(completing, segment); }
    }

    private async Task CompleteAsync(ValueTask completing, SegmentKey segment)
    {
        try { await completing; }
        catch (Exception error) { LogStoreFailed(segment.Rendition.StreamId, error); }
    }

    private void Failed(in Operation operation, Exception error)
    {
        operation.Part?.Release();
        PackagingMetrics.PartsDropped.Add(1);
        LogStoreFailed(operation.Announcement.Rendition.StreamId, error);
        if (operation.Otherwise is { } missing) { announcements.Publish(missing); }
    }

    private readonly record struct Operation(Announcement Announcement, SegmentKey Segment, MediaBuffer? Part, ReadOnlyMemory<byte>? Init, Announcement? Otherwise, long SubmittedAt);

    /// <summary>What waits of one rendition.</summary>
    private sealed class Lane
    {
        private readonly Lock _lock = new();
        private readonly Queue<Operation> _queue = new();
        private bool _isBusy;
        private TaskCompletionSource? _flushed;

        public int Count
        {
            get { lock (_lock) { return _queue.Count; } }
        }

        public bool TryGoBusy()
        {
            lock (_lock)
            {
                if (_isBusy) { return false; }
                return _isBusy = true;
            }
        }

        public bool TryGoIdle()
        {
            lock (_lock)
            {
                if (_queue.Count > 0) { return false; }
                GoIdle();
                return true;
            }
        }

        /// <returns><see langword="false"/> if it was idle: it is busy now, with what the caller has.</returns>
        public bool TryEnqueue(in Operation operation)
        {
            lock (_lock)
            {
                if (_isBusy) { _queue.Enqueue(operation); }
                bool wasBusy = _isBusy;
                _isBusy = true;
                return wasBusy;
            }
        }

        /// <summary>Completes once it is idle.</summary>
        public Task FlushAsync()
        {
            lock (_lock)
            {
                if (!_isBusy) { return Task.CompletedTask; }
                _flushed ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                return _flushed.Task;
            }
        }

        /// <summary>Takes the next operation, and with a part those that follow it in its segment. Goes idle when there is none.</summary>
        public bool TryTake(List<Operation> batch, int mostBytes)
        {
            batch.Clear();
            lock (_lock)
            {
                if (!_queue.TryDequeue(out Operation first))
                {
                    GoIdle();
                    return false;
                }
                batch.Add(first);
                int bytes = first.Part?.Length ?? 0;
                while (bytes > 0 && _queue.TryPeek(out Operation next) && next.Part is not null && next.Segment == first.Segment
                    && ((PartReady)next.Announcement).PartIndex == ((PartReady)batch[^1].Announcement).PartIndex + 1 && bytes + next.Part.Length <= mostBytes)
                {
                    bytes += next.Part.Length;
                    batch.Add(_queue.Dequeue());
                }
                return true;
            }
        }

        private void GoIdle()
        {
            _isBusy = false;
            _flushed?.SetResult();
            _flushed = null;
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Stream {Stream}: the segment store is too slow, a part was dropped and marked as a gap")]
    private partial void LogQueueFull(string stream);

    [LoggerMessage(Level = LogLevel.Error, Message = "Stream {Stream}: the segment store refused a part, which is marked as a gap")]
    private partial void LogStoreFailed(string stream, Exception error);
}
