using Mirror.IngestNode.Streams;
using Mirror.Media.Frames;

namespace Mirror.IngestNode.Tests.Streams;

public sealed class BurstPacerTests : IDisposable
{
    private const double Frame = 0.04;
    private static readonly VideoTrack Track = new() { Id = 1, Codec = Codec.H264, DecoderConfiguration = new byte[] { 1 }, CodecString = "avc1.42c01e", Width = 16, Height = 16 };
    private readonly ManualTime _time = new();
    private readonly List<(double At, double Date, long Received)> _passed = [];
    private readonly List<MediaBuffer> _buffers = [];
    private readonly BurstPacer _pacer;

    public BurstPacerTests() => _pacer = new BurstPacer(_time, unit => _passed.Add((_time.Seconds, (unit.ProgramTime - ManualTime.Start).TotalSeconds, unit.ReceivedTimestamp)));

    public void Dispose() => _pacer.Dispose();

    [Fact]
    public void Usual_streams_never_wait()
    {
        for (int i = 0; i < 100; i++)
        {
            _time.Advance(Frame);
            Write(i * Frame, isBursty: false);
            _pacer.Run(isBursty: false);
        }
        Assert.Equal(100, _passed.Count);
        Assert.All(_passed, unit => Assert.Equal(Frame, unit.At - unit.Date, 0.001));
        Assert.Equal(TimeSpan.Zero, _pacer.Delay);
    }

    [Fact]
    public void Bursts_are_spread_evenly_in_order_and_dates_stay()
    {
        for (int burst = 0; burst < 5; burst++) { SendBurst(burst, isBursty: burst >= 1); }
        Pass(7, isBursty: true);
        Assert.Equal(5 * 150, _passed.Count);
        Assert.All(_passed.Zip(_passed.Skip(1)), pair => Assert.True(pair.Second.Date > pair.First.Date));
        var even = _passed.Skip(2 * 150).ToList();
        Assert.All(even.Zip(even.Skip(1)), pair => Assert.InRange(pair.Second.At - pair.First.At, Frame - 0.011, Frame + 0.011));
        Assert.All(even, unit => Assert.InRange(unit.At - unit.Date, 6, 6.5));
        Assert.All(even, unit => Assert.Equal(unit.At, TimeSpan.FromTicks(unit.Received).TotalSeconds, 0.001));
        AssertAllReleased();
    }

    [Fact]
    public void After_a_minute_without_bursts_the_delay_shrinks_until_units_pass_at_once()
    {
        for (int burst = 0; burst < 3; burst++) { SendBurst(burst, isBursty: burst >= 1); }
        for (int i = 0; _pacer.Delay > TimeSpan.Zero; i++)
        {
            Assert.InRange(i, 0, 6 * 25 * 25);
            Pass(Frame, isBursty: false);
            Write(18 + i * Frame, isBursty: false);
        }
        Pass(Frame, isBursty: false);
        var last = _passed.TakeLast(250).ToList();
        Assert.All(last.Zip(last.Skip(1)), pair => Assert.InRange(pair.Second.At - pair.First.At, 0, Frame + 0.011));
        AssertAllReleased();
    }

    [Fact]
    public void What_waits_is_bounded_and_a_flush_passes_all()
    {
        SendBurst(0, isBursty: true);
        for (int i = 0; i < 20_000; i++) { Write(6 + i * 0.0001, isBursty: true); }
        Assert.InRange(150 + 20_000 - _passed.Count, 1, 16_384);
        _pacer.Flush();
        Assert.Equal(150 + 20_000, _passed.Count);
        AssertAllReleased();
    }

    [Fact]
    public void What_waits_at_the_end_goes_back_to_its_pool()
    {
        SendBurst(0, isBursty: true);
        _pacer.Dispose();
        AssertAllReleased();
    }

    /// <summary>Six seconds of media at once, then nothing for as long.</summary>
    private void SendBurst(int number, bool isBursty)
    {
        for (int i = 0; i < 150; i++) { Write(number * 6 - 6 + i * Frame, isBursty); }
        Pass(6, isBursty);
    }

    private void Pass(double seconds, bool isBursty)
    {
        for (double passed = 0; passed < seconds - 0.001; passed += 0.01)
        {
            _time.Advance(0.01);
            _pacer.Run(isBursty);
        }
    }

    private void Write(double date, bool isBursty)
    {
        var buffer = MediaBuffer.CopyOf([1, 2, 3]);
        _buffers.Add(buffer);
        long pts = (long)Math.Round((date + 10) * 90_000);
        var unit = new AccessUnit { Track = Track, Pts90k = pts, Dts90k = pts, Payload = buffer, ProgramTime = ManualTime.Start.AddSeconds(date), ReceivedTimestamp = _time.GetTimestamp() };
        _pacer.Write(unit, isBursty);
        unit.Release();
    }

    private void AssertAllReleased() => Assert.All(_buffers, buffer => Assert.False(buffer.TryRetain()));

    private sealed class ManualTime : TimeProvider
    {
        public static readonly DateTime Start = new(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc);
        private long _now;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public double Seconds => TimeSpan.FromTicks(_now).TotalSeconds;

        public override long GetTimestamp() => _now;

        public override DateTimeOffset GetUtcNow() => new(Start.AddTicks(_now));

        public void Advance(double seconds) => _now += TimeSpan.FromSeconds(seconds).Ticks;
    }
}
