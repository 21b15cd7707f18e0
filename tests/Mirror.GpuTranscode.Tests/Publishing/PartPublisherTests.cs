using System.Collections.Concurrent;
using Microsoft.Extensions.Logging.Abstractions;
using Mirror.GpuTranscode.Publishing;
using Mirror.Media.Frames;
using Mirror.Streams.Announcements;
using Mirror.Streams.Store;

namespace Mirror.GpuTranscode.Tests.Publishing;

public sealed class PartPublisherTests
{
    private readonly SlowStore _store = new();
    private readonly Heard _heard = new();

    [Fact]
    public async Task Parts_that_queued_are_stored_a_segment_at_a_time_and_announced_in_order()
    {
        PartPublisher publisher = Publisher();
        Publish(publisher, "source", first: 0, count: 12);           // three segments of four parts
        Assert.Equal(["source 0.0+1"], await _store.WaitingAsync(1));
        Assert.Empty(_heard.Media);
        _store.Answer("source");
        Assert.Equal(["source 0.1+3"], await _store.WaitingAsync(1));
        Assert.Equal(["source 0.0 at 0"], _heard.Media);
        _store.Answer("source");
        Assert.Equal(["source 1.0+4"], await _store.WaitingAsync(1));
        _store.Answer("source");
        Assert.Equal(["source 2.0+4"], await _store.WaitingAsync(1));
        _store.Answer("source");
        await _heard.UntilAsync(12);
        Assert.Equal(Enumerable.Range(0, 12).Select(i => $"source {i / 4}.{i % 4} at {i % 4 * 10}"), _heard.Media);
        Assert.Equal(0, _store.References);
    }

    [Fact]
    public async Task A_flush_ends_once_all_is_announced()
    {
        PartPublisher publisher = Publisher();
        Assert.True(publisher.FlushAsync().IsCompleted);
        Publish(publisher, "source", first: 0, count: 2);
        Publish(publisher, "audio", first: 0, count: 1);
        Task flushed = publisher.FlushAsync();
        await _store.WaitingAsync(2);
        _store.Answer("audio");
        _store.Answer("source");
        await _store.WaitingAsync(1);
        Assert.False(flushed.IsCompleted);
        _store.Answer("source");
        await flushed;
        Assert.Equal(3, _heard.Media.Count);
    }

    [Fact]
    public async Task One_rendition_does_not_wait_for_another()
    {
        PartPublisher publisher = Publisher();
        Publish(publisher, "source", first: 0, count: 2);
        Publish(publisher, "audio", first: 0, count: 1);
        Assert.Equal(["audio 0.0+1", "source 0.0+1"], await _store.WaitingAsync(2));
        _store.Answer("audio");
        await _heard.UntilAsync(1);
        Assert.Equal(["audio 0.0 at 0"], _heard.Media);
    }

    [Fact]
    public async Task The_offset_announced_is_the_stores_own()
    {
        PartPublisher publisher = Publisher();
        _store.FailNext = true;
        Publish(publisher, "source", first: 0, count: 2);
        await _store.WaitingAsync(1);
        _store.Answer("source");
        await _heard.UntilAsync(2);
        Assert.Equal(["source 0.0 gap", "source 0.1 at 0"], _heard.Media);
    }

    [Fact]
    public async Task What_waited_for_too_long_is_a_gap()
    {
        var time = new Clock();
        PartPublisher publisher = Publisher(new PublishLimits(TimeSpan.FromSeconds(30), 1 << 20), time);
        Publish(publisher, "source", first: 0, count: 1);
        time.Now += TimeSpan.FromSeconds(29);
        Publish(publisher, "source", first: 1, count: 3);
        await _store.WaitingAsync(1);
        time.Now += TimeSpan.FromSeconds(2);
        _store.Answer("source");
        Assert.Equal(["source 0.1+3"], await _store.WaitingAsync(1));
        time.Now += TimeSpan.FromSeconds(20);
        Publish(publisher, "source", first: 4, count: 1);
        time.Now += TimeSpan.FromSeconds(31);
        _store.Answer("source");
        await _heard.UntilAsync(5);
        Assert.Equal("source 1.0 gap", _heard.Media[^1]);
        Assert.Equal(0, _store.References);
    }

    [Fact]
    public async Task What_finds_no_room_is_a_gap_in_its_place()
    {
        PartPublisher publisher = Publisher(new PublishLimits(TimeSpan.FromSeconds(30), 25));
        Publish(publisher, "source", first: 0, count: 5);            // one is being stored, two of ten bytes fit
        for (int i = 0; i < 2; i++)
        {
            await _store.WaitingAsync(1);
            _store.Answer("source");
        }
        await _heard.UntilAsync(5);
        Assert.Equal(["source 0.0 at 0", "source 0.1 at 10", "source 0.2 at 20", "source 0.3 gap", "source 1.0 gap"], _heard.Media);
        Assert.Equal(0, _store.References);
    }

    [Fact]
    public async Task Small_parts_go_along_where_the_bus_takes_them()
    {
        _heard.LargestBytes = 10;
        PartPublisher publisher = Publisher();
        Publish(publisher, "source", first: 0, count: 1);
        await _store.WaitingAsync(1);
        _store.Answer("source");
        await _heard.UntilAsync(1);
        Assert.Equal(10, _heard.BytesThatCameAlong);
        Assert.Equal(0, _store.References);
    }

    private PartPublisher Publisher(PublishLimits? limits = null, TimeProvider? time = null)
        => new(_store, _heard, time ?? TimeProvider.System, NullLogger<PartPublisher>.Instance, limits);

    private void Publish(PartPublisher publisher, string rendition, int first, int count)
    {
        for (int i = first; i < first + count; i++)
        {
            var part = new PartReady(new RenditionKey("cam", rendition), i / 4, i % 4, 9000, i % 4 * 10, 10, true, i % 4 == 3, false, DateTime.UnixEpoch, 0);
            publisher.PublishPart(part, _store.Count(MediaBuffer.CopyOf(new byte[10])));
        }
    }

    /// <summary>A store that answers when the test says so.</summary>
    private sealed class SlowStore : ISegmentStore
    {
        private readonly ConcurrentDictionary<string, (string Call, TaskCompletionSource<bool> Answer)> _waiting = new();
        private readonly ConcurrentDictionary<SegmentKey, long> _lengths = new();
        private readonly List<MediaBuffer> _buffers = [];

        public bool FailNext { get; set; }

        public int References => _buffers.Count(buffer => buffer.TryRetain());

        public MediaBuffer Count(MediaBuffer buffer)
        {
            _buffers.Add(buffer);
            return buffer;
        }

        public async Task<string[]> WaitingAsync(int count)
        {
            for (int i = 0; _waiting.Count != count; i++)
            {
                Assert.True(i < 2000, $"{count} calls were not made.");
                await Task.Delay(5);
            }
            return [.. _waiting.Values.Select(waiting => waiting.Call).Order()];
        }

        public void Answer(string rendition)
        {
            Assert.True(_waiting.TryRemove(rendition, out (string Call, TaskCompletionSource<bool> Answer) waiting));
            waiting.Answer.SetResult(true);
        }

        public ValueTask<long> AppendPartAsync(SegmentKey segment, int partIndex, MediaBuffer part, CancellationToken cancellationToken)
            => AppendPartsAsync(segment, partIndex, [part], cancellationToken);

        public async ValueTask<long> AppendPartsAsync(SegmentKey segment, int partIndex, IReadOnlyList<MediaBuffer> parts, CancellationToken cancellationToken)
        {
            if (FailNext)
            {
                FailNext = false;
                throw new IOException("refused");
            }
            var answer = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
            Assert.True(_waiting.TryAdd(segment.Rendition.Rendition, ($"{segment.Rendition.Rendition} {segment.Msn}.{partIndex}+{parts.Count}", answer)));
            await answer.Task;
            long length = parts.Sum(part => part.Length);
            return _lengths.AddOrUpdate(segment, length, (_, before) => before + length) - length;
        }

        public ValueTask PutInitAsync(RenditionKey rendition, string name, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken) => ValueTask.CompletedTask;

        public ValueTask CompleteSegmentAsync(SegmentKey segment, CancellationToken cancellationToken) => ValueTask.CompletedTask;

        public ValueTask<MediaBuffer?> ReadInitAsync(RenditionKey rendition, string name, CancellationToken cancellationToken) => throw new NotSupportedException();

        public ValueTask<MediaBuffer?> ReadAsync(SegmentKey segment, long offset, int length, CancellationToken cancellationToken) => throw new NotSupportedException();
    }

    private sealed class Heard : IAnnouncements
    {
        private readonly Lock _lock = new();
        private readonly List<string> _media = [];

        public int LargestBytes { get; set; }

        public int BytesThatCameAlong { get; private set; }

        public IReadOnlyList<string> Media
        {
            get { lock (_lock) { return [.. _media]; } }
        }

        public event Action<string, long>? Fenced { add { } remove { } }

        public void Publish(Announcement announcement)
        {
            lock (_lock)
            {
                BytesThatCameAlong += (announcement as PartReady)?.Bytes?.Span.Length ?? 0;
                _media.Add(announcement switch
                {
                    PartReady part => $"{part.Rendition.Rendition} {part.Msn}.{part.PartIndex} at {part.Offset}",
                    PartMissing part => $"{part.Rendition.Rendition} {part.Msn}.{part.PartIndex} gap",
                    _ => announcement.ToString(),
                });
            }
        }

        public async Task UntilAsync(int count)
        {
            for (int i = 0; Media.Count < count; i++)
            {
                Assert.True(i < 2000, $"{count} announcements were not made: {string.Join(", ", Media)}");
                await Task.Delay(5);
            }
        }

        public IDisposable Subscribe(Action<Announcement> handler) => throw new NotSupportedException();

        public ValueTask<StreamPosition> FindPositionAsync(string streamId, CancellationToken cancellationToken) => throw new NotSupportedException();
    }

    private sealed class Clock : TimeProvider
    {
        public TimeSpan Now { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Now.Ticks;
    }
}
