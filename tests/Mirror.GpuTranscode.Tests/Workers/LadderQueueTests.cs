using Mirror.GpuTranscode.FFmpeg;
using Mirror.GpuTranscode.Ladder;
using Mirror.GpuTranscode.Tests.Packaging;
using Mirror.GpuTranscode.Workers;
using Mirror.Media.Frames;

namespace Mirror.GpuTranscode.Tests.Workers;

public sealed class LadderQueueTests : IDisposable
{
    private const int Gop = 10;
    private readonly SetTime _time = new();
    private readonly LadderQueue _queue;
    private readonly List<MediaBuffer> _buffers = [];
    private readonly LadderFormat _format = Format(1, rungs: 2);

    public LadderQueueTests()
    {
        _queue = new LadderQueue(_time, LagController.DefaultMaxLag);
        _queue.SetFormat(_format);
    }

    public void Dispose()
    {
        _queue.Clear();
        Assert.All(_buffers, buffer => Assert.False(buffer.TryRetain()));
        Assert.Equal(0, _queue.HeldBytes);
    }

    [Fact]
    public void It_begins_with_a_random_access_point()
    {
        Add(3..12);
        Assert.Equal([10, 11], Take());
        Assert.Equal(0, _queue.Dropped);
    }

    [Fact]
    public void A_new_worker_gets_again_what_was_not_delivered_and_no_more()
    {
        Add(0..25);
        Assert.Equal(Enumerable.Range(0, 25), Take());
        _queue.OnConfigured(_format);
        Deliver(rung: 0, 0..23);
        Deliver(rung: 1, 0..14);
        Add(25..27);
        _queue.Rewind(forget: false);
        // Rung 1 has the picture at 10, not that at 20: decoding starts at 10.
        Assert.Equal([new ResumePoint(0, 22), new ResumePoint(0, 13)], _queue.ResumePoints(1));
        Assert.Equal(Enumerable.Range(10, 17), Take());
        Deliver(rung: 0, 23..27);
        Deliver(rung: 1, 14..27);
        _queue.Rewind(forget: false);
        Assert.Equal(Enumerable.Range(20, 7), Take());
    }

    [Fact]
    public void Units_that_workers_fail_over_are_let_go()
    {
        Add(0..15);
        Assert.True(_queue.TryTake(out LadderQueue.Entry first));
        first.Unit!.Release();
        _queue.Rewind(forget: true);
        Assert.Equal(Enumerable.Range(10, 5), Take());
        _queue.Rewind(forget: true);
        Add(15..22);
        Assert.Equal([20, 21], Take());
    }

    [Fact]
    public void What_waits_too_long_is_left_out_up_to_the_newest_random_access_point()
    {
        Add(0..10);
        _time.Advance(TimeSpan.FromSeconds(7));
        Add(11..20);                                         // no random access point came in time, so it waits for the next
        Assert.Empty(Take());
        Add(30..33);
        List<LadderQueue.Entry> entries = TakeEntries();
        Assert.Equal([30, 31, 32], entries.Select(entry => (int)entry.Unit!.Pts90k));
        Assert.True(entries[0].FollowsGap);
        Assert.False(entries[1].FollowsGap);
        Assert.Equal(19, _queue.Dropped);
    }

    [Fact]
    public void Skipping_keeps_the_newest_random_access_point_and_says_that_a_gap_is_before_it()
    {
        Add(0..13);
        _time.Advance(TimeSpan.FromSeconds(7));
        Add(13..14);
        List<LadderQueue.Entry> entries = TakeEntries();
        Assert.Equal([10, 11, 12, 13], entries.Select(entry => (int)entry.Unit!.Pts90k));
        Assert.True(entries[0].FollowsGap);
        Assert.Equal(10, _queue.Dropped);
    }

    [Fact]
    public void Bytes_are_bounded()
    {
        Add(0..40, bytes: 4 * 1024 * 1024);
        Assert.InRange(_queue.HeldBytes, 1, 64L * 1024 * 1024);
        Assert.True(_queue.Dropped > 0);
        Take();
        Add(40..60, bytes: 4 * 1024 * 1024);                 // what is sent goes first
        Assert.InRange(_queue.HeldBytes, 1, 64L * 1024 * 1024);
    }

    [Fact]
    public void Drains_stay_where_units_go()
    {
        Add(0..5);
        _queue.AddDrain(always: false);
        _queue.AddDrain(always: false);                                   // says nothing new
        _time.Advance(TimeSpan.FromSeconds(7));
        Add(10..11);
        List<LadderQueue.Entry> entries = TakeEntries();
        Assert.Equal([-1, 10], entries.Select(entry => (int)(entry.Unit?.Pts90k ?? -1)));
        _queue.OnDrained(entries[0].Sequence);
        _queue.Rewind(forget: false);
        Assert.Equal([10], Take());
    }

    [Fact]
    public void What_a_drain_gave_out_is_let_go()
    {
        Add(0..15);
        _queue.AddDrain(always: false);
        List<LadderQueue.Entry> entries = TakeEntries();
        _queue.OnConfigured(_format);
        _queue.OnDrained(entries[^1].Sequence);
        Assert.Equal(0, _queue.HeldBytes);
    }

    [Fact]
    public void A_new_format_lets_go_of_the_old_one_once_it_is_in_force()
    {
        Add(0..15);
        LadderFormat next = Format(2, rungs: 1);
        _queue.SetFormat(next);
        Add(18..23);
        List<LadderQueue.Entry> entries = TakeEntries();
        Assert.Equal([.. Enumerable.Range(0, 15), 20, 21, 22], entries.Select(entry => (int)entry.Unit!.Pts90k));
        Assert.True(_queue.OnConfigured(_format));
        Deliver(rung: 0, 0..15);
        _queue.Rewind(forget: false);
        Assert.Equal([_format, next], TakeEntries().Select(entry => entry.Format).Distinct());
        Assert.False(_queue.OnConfigured(_format));
        Assert.True(_queue.OnConfigured(next));
        _queue.Rewind(forget: false);
        Assert.Equal([20, 21, 22], Take());
        Assert.Empty(_queue.ResumePoints(1));
    }

    private static LadderFormat Format(int generation, int rungs) => new(generation, Source.VideoOf(640, 360), [.. Enumerable.Range(0, rungs).Select(i => new RungPlan
    {
        Name = $"r{i}", Width = 320, Height = 180, Bitrate = 1, PeakBitrate = 1, BufferSize = 1, Preset = "veryfast", Profile = "high", References = 1,
    })]);

    private void Add(Range pictures, int bytes = 10)
    {
        for (int i = pictures.Start.Value; i < pictures.End.Value; i++)
        {
            MediaBuffer buffer = MediaBuffer.CopyOf(new byte[bytes]);
            _buffers.Add(buffer);
            var unit = new AccessUnit
            {
                Track = _format.Source,
                Pts90k = i,
                Dts90k = i,
                Payload = buffer,
                IsRandomAccess = i % Gop == 0,
                ReceivedTimestamp = _time.GetTimestamp(),
            };
            _queue.Add(unit, 0, i % Gop == 0);
            unit.Release();
        }
    }

    private void Deliver(int rung, Range pictures)
    {
        for (int i = pictures.Start.Value; i < pictures.End.Value; i++) { _queue.OnDelivered(rung, new WorkerFrame(rung, 0, i % Gop == 0, i, i, 0)); }
    }

    private int[] Take() => [.. TakeEntries().Select(entry => (int)entry.Unit!.Pts90k)];

    private List<LadderQueue.Entry> TakeEntries()
    {
        var entries = new List<LadderQueue.Entry>();
        while (_queue.TryTake(out LadderQueue.Entry entry))
        {
            entry.Unit?.Release();
            entries.Add(entry);
        }
        return entries;
    }

    private sealed class SetTime : TimeProvider
    {
        private long _ticks = TimeSpan.TicksPerHour;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => _ticks;

        public void Advance(TimeSpan time) => _ticks += time.Ticks;
    }
}
