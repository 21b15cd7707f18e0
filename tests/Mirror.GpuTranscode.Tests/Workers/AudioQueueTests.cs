using Mirror.GpuTranscode.Ladder;
using Mirror.GpuTranscode.Workers;
using Mirror.Media.Frames;

namespace Mirror.GpuTranscode.Tests.Workers;

public sealed class AudioQueueTests : IDisposable
{
    private static readonly AudioTrack Track = new() { Id = 2, Codec = Codec.Opus, CodecString = "opus", DecoderConfiguration = default, SampleRate = 48_000, Channels = 2 };
    private static readonly AudioFormat Format = new(Track, new AudioPlan { Bitrate = 64_000, Channels = 2, SampleRate = 48_000 });
    private readonly List<MediaBuffer> _buffers = [];
    private readonly Clock _time = new();
    private readonly AudioQueue _queue;

    public AudioQueueTests()
    {
        _queue = new AudioQueue(_time, LagController.DefaultMaxLag);
        _queue.SetFormat(Format);
    }

    public void Dispose()
    {
        _queue.Clear();
        Assert.All(_buffers, buffer => Assert.False(buffer.TryRetain()));        // every reference was given back
    }

    [Fact]
    public void Nothing_is_taken_without_a_format()
    {
        _queue.SetFormat(null);
        Add(0);
        Assert.Equal(0, _queue.Count);
    }

    [Fact]
    public void Frames_come_out_in_order_and_stay_until_they_are_behind_what_was_delivered()
    {
        Add(0, 50);
        Assert.Equal(Enumerable.Range(0, 50).Select(index => index * 1_800L), TakeAll());
        _queue.OnDelivered(new WorkerAudio(0, 1, 24_000, 0), pts90k: 45_000);
        Assert.Equal(35, _queue.Count);                      // 25 frames, less the ten before that a decoder needs
        Assert.Equal((1, 24_000), (_queue.Delivered.Timeline, _queue.Delivered.Pts));
    }

    [Fact]
    public void Another_worker_gets_what_was_not_delivered()
    {
        Add(0, 50);
        TakeAll();
        _queue.OnDelivered(new WorkerAudio(0, 1, 24_000, 0), pts90k: 45_000);
        _queue.Rewind(forget: false);
        Assert.Equal(Enumerable.Range(15, 35).Select(index => index * 1_800L), TakeAll());
    }

    [Fact]
    public void What_workers_fail_over_is_forgotten()
    {
        Add(0, 20);
        TakeAll();
        Add(20, 5);
        _queue.Rewind(forget: true);
        Assert.Equal(Enumerable.Range(20, 5).Select(index => index * 1_800L), TakeAll());
    }

    [Fact]
    public void What_waits_too_long_is_left_out_and_counted()
    {
        Add(0, 20);
        _time.Now += TimeSpan.FromSeconds(7);
        Add(20);
        Assert.Equal(20, _queue.Dropped);
        Assert.Equal([20 * 1_800L], TakeAll());
    }

    [Fact]
    public void It_holds_no_more_than_so_many()
    {
        Add(0, 2_000);
        TakeAll();
        Add(2_000, 4_000);
        Assert.InRange(_queue.Count, 2_000, 3_000);
        Assert.InRange(_queue.Dropped, 1_000, 2_000);
    }

    private void Add(int first, int count = 1)
    {
        for (int i = first; i < first + count; i++)
        {
            MediaBuffer payload = MediaBuffer.CopyOf([1]);
            _buffers.Add(payload);
            var unit = new AccessUnit { Track = Track, Pts90k = i * 1_800L, Dts90k = i * 1_800L, Payload = payload, SampleCount = 960, ReceivedTimestamp = _time.GetTimestamp() };
            _queue.Add(unit, timeline: 1);
            unit.Release();
        }
    }

    private List<long> TakeAll()
    {
        List<long> taken = [];
        while (_queue.TryTake(out AudioQueue.Entry entry))
        {
            taken.Add(entry.Unit.Pts90k);
            entry.Unit.Release();
        }
        return taken;
    }

    private sealed class Clock : TimeProvider
    {
        public TimeSpan Now { get; set; } = TimeSpan.FromSeconds(100);

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Now.Ticks;
    }
}
