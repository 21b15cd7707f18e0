using Mirror.IngestNode.Streams;

namespace Mirror.IngestNode.Tests.Streams;

public sealed class SilenceWatchTests
{
    private readonly ManualTime _time = new();
    private readonly SilenceWatch _watch;

    public SilenceWatchTests()
    {
        _watch = new SilenceWatch(_time);
        _watch.Start();
    }

    [Fact]
    public void A_publisher_that_never_sends_is_silent_after_three_seconds()
    {
        Pass(2.9);
        Assert.Equal(Arrivals.Media, _watch.Judge());
        Pass(0.1);
        Assert.Equal(Arrivals.Nothing, _watch.Judge());
    }

    [Fact]
    public void A_pause_is_told_and_its_end_as_well_each_time()
    {
        for (int i = 0; i < 3; i++)
        {
            Send(10);
            Pass(3);
            Assert.Equal(Arrivals.Nothing, _watch.Judge());
            Pass(i * 3);
            Send(0.1);
            Assert.Equal(Arrivals.Media, _watch.Judge());
        }
    }

    [Fact]
    public void Bytes_without_access_units_are_told()
    {
        Send(3.9, withUnits: false);
        Assert.Equal(Arrivals.Media, _watch.Judge());
        Send(0.2, withUnits: false);
        Assert.Equal(Arrivals.NoMedia, _watch.Judge());
        Send(0.1);
        Assert.Equal(Arrivals.Media, _watch.Judge());
        Send(4.1, withUnits: false);
        Assert.Equal(Arrivals.NoMedia, _watch.Judge());
    }

    [Fact]
    public void Silences_between_bursts_are_normal_once_one_was_seen()
    {
        for (int burst = 0; burst < 10; burst++)
        {
            for (int i = 0; i < 600; i++) { Arrive(1000); }
            Assert.Equal(Arrivals.Media, _watch.Judge());
            Pass(5.9);
            Assert.Equal(burst == 0 ? Arrivals.Nothing : Arrivals.Media, _watch.Judge());
            Pass(0.1);
        }
        Pass(4);
        Assert.Equal(Arrivals.Nothing, _watch.Judge());
    }

    [Fact]
    public void Bursts_of_long_ago_excuse_no_silence()
    {
        for (int burst = 0; burst < 3; burst++)
        {
            for (int i = 0; i < 600; i++) { Arrive(1000); }
            Pass(6);
        }
        Send(61);
        Pass(3);
        Assert.Equal(Arrivals.Nothing, _watch.Judge());
    }

    private void Pass(double seconds) => _time.Advance(TimeSpan.FromSeconds(seconds));

    private void Send(double seconds, bool withUnits = true)
    {
        for (int i = 0; i < Math.Round(seconds * 100); i++)
        {
            Pass(0.01);
            Arrive(1000, withUnits);
        }
    }

    private void Arrive(int bytes, bool withUnits = true)
    {
        _watch.OnBytes(bytes, _time.GetTimestamp());
        if (withUnits) { _watch.OnUnit(); }
    }

    private sealed class ManualTime : TimeProvider
    {
        private long _now = 1;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => _now;

        public void Advance(TimeSpan by) => _now += by.Ticks;
    }
}
