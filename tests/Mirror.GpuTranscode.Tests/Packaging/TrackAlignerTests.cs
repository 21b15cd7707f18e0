using Mirror.GpuTranscode.Packaging;
using Mirror.Media.Frames;

namespace Mirror.GpuTranscode.Tests.Packaging;

/// <summary>Tracks that come apart in the multiplex go out in step.</summary>
public sealed class TrackAlignerTests
{
    private const long Second90k = 90_000;
    private readonly List<(int Track, long Dts90k)> _out = [];
    private readonly List<TimeSpan> _delays = [];
    private readonly TrackAligner _aligner;
    private readonly Dictionary<int, long> _newest = [];
    private long _largestDistance90k;
    private bool _isOver;

    public TrackAlignerTests()
    {
        _aligner = new TrackAligner(unit =>
        {
            int track = unit.Track.Id;
            _out.Add((track, unit.Dts90k));
            _newest[track] = unit.Dts90k;
            if (_newest.Count == 2 && !_isOver) { _largestDistance90k = Math.Max(_largestDistance90k, _newest[1] - _newest[2]); }
        }, _delays.Add, TimeProvider.System);
        _aligner.Expect(2);
    }

    [Theory]
    [InlineData(0.4, 1)]
    [InlineData(1, 1)]
    [InlineData(2.5, 1)]
    [InlineData(0.05, 17)]                                   // 0.36 s of sound in each packet
    [InlineData(2.3, 33)]
    public void Sound_that_comes_late_is_waited_for(double lag, int bundle)
    {
        Send(0, 30, lag, bundle);
        AssertAllInOrder();
        Assert.True(_largestDistance90k < Second90k * 3 / 10, $"the picture was {_largestDistance90k / 90} ms ahead");
        Assert.InRange(_aligner.Delay.TotalSeconds, lag + (bundle - 1) * 0.0213 - 0.17, lag + bundle * 0.0214 - 0.1);
        Assert.NotEmpty(_delays);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(0.14)]
    public void A_usual_distance_costs_nothing(double lag)
    {
        _aligner.Write(Unit(1, 0));
        _aligner.Write(Unit(2, 0));
        for (long i = 1; i < 100; i++)
        {
            _aligner.Write(Unit(1, i * 3600));
            Assert.Equal((1, i * 3600), _out[^1]);
            if (i * 3600 < lag * Second90k) { continue; }
            _aligner.Write(Unit(2, i * 3600 - (long)(lag * Second90k)));
            Assert.Equal(2, _out[^1].Track);
        }
        Assert.Empty(_delays);
    }

    [Theory]
    [InlineData(0.5)]
    [InlineData(2.5)]
    public void Sound_that_comes_early_waits_and_the_picture_does_not(double lead)
    {
        var order = new List<(long At, int Track, long Dts90k)>();
        for (long i = 0; i < 300; i++) { order.Add((i * 3600 + (long)(lead * Second90k), 1, i * 3600)); }
        for (long i = 0; i < 600; i++) { order.Add((i * 1920, 2, i * 1920)); }
        foreach ((long _, int track, long dts) in order.Order())
        {
            _aligner.Write(Unit(track, dts));
            if (track == 1 && dts > Second90k) { Assert.Equal((1, dts), _out[^1]); }
        }
        _aligner.Flush();
        AssertAllInOrder();
        Assert.InRange(_largestDistance90k, 0, Second90k / 4);
    }

    [Fact]
    public void A_track_that_stays_away_is_not_waited_for()
    {
        for (long i = 0; i < 100; i++) { _aligner.Write(Unit(1, i * 3600)); }
        Assert.Equal(100, _out.Count);
    }

    [Fact]
    public void A_track_that_goes_and_returns_changes_nothing()
    {
        Send(0, 10, 1, 1);
        int sent = _out.Count;
        for (long dts = 10 * Second90k; dts < 20 * Second90k; dts += 3600) { _aligner.Write(Unit(1, dts)); }
        Assert.True(_out.Count >= sent + 220);
        TimeSpan delay = _aligner.Delay;
        Send(20, 30, 1, 1);
        Assert.True(_aligner.Delay <= delay + TimeSpan.FromSeconds(0.1));
        AssertAllInOrder();
    }

    [Fact]
    public void A_distance_that_is_gone_is_forgotten_little_by_little()
    {
        Send(0, 10, 1, 1, flush: false);
        long last = _newest[1];
        Send(10, 80, 0, 1, () =>
        {
            long now = _newest.GetValueOrDefault(1);
            Assert.True(now - last < Second90k / 5, "the picture goes on evenly");
            last = now;
        }, flush: false);
        Assert.Equal(TimeSpan.Zero, _aligner.Delay);
    }

    [Fact]
    public void A_new_timeline_begins_with_what_was_held_of_the_old_one()
    {
        Send(0, 10, 2, 1, flush: false);
        _aligner.Write(Unit(1, 5, starts: true));
        Assert.Equal(8 * Second90k - 1920, _out.Last(unit => unit.Track == 2).Dts90k, 1920.0);
        _aligner.Write(Unit(2, 9 * Second90k));              // the rest of the old sound
        Assert.Equal((2, 9 * Second90k), _out[^1]);
        _aligner.Write(Unit(2, 5, starts: true));
        _aligner.Flush();
        Assert.Equal(2, _out.Count(unit => unit.Dts90k == 5));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Sound_that_joins_a_timeline_is_waited_for_from_then_on(bool isTold)
    {
        for (long dts = 0; dts < Second90k; dts += 3600) { _aligner.Write(Unit(1, dts)); }
        _aligner.Write(Unit(1, Second90k, starts: true));
        for (long dts = Second90k + 3600; dts < 4 * Second90k; dts += 3600) { _aligner.Write(Unit(1, dts)); }
        _aligner.Write(Unit(2, 4 * Second90k - 1920, starts: isTold));
        Send(4, 20, 0.05, 17, after: () => _largestDistance90k = _newest[1] < 6 * Second90k ? 0 : _largestDistance90k, flush: false);
        Assert.InRange(_largestDistance90k, 0, Second90k / 5);
    }

    /// <summary>Sound was alone, and video begins a timeline of both.</summary>
    [Fact]
    public void Video_that_joins_waits_for_the_sound_from_then_on()
    {
        for (long dts = 0; dts < 4 * Second90k; dts += 1920) { _aligner.Write(Unit(2, dts)); }
        _aligner.Write(Unit(1, 4 * Second90k - 3600, starts: true));
        _aligner.Write(Unit(2, 4 * Second90k - 1920, starts: true));
        Send(4, 20, 0.05, 17, after: () => _largestDistance90k = _newest[1] < 6 * Second90k ? 0 : _largestDistance90k, flush: false);
        Assert.InRange(_largestDistance90k, 0, Second90k / 5);
    }

    [Fact]
    public void A_time_that_is_far_off_holds_nothing_up()
    {
        Send(0, 5, 0, 1);
        int sent = _out.Count;
        _aligner.Write(Unit(1, 3600 * Second90k));
        for (long i = 0; i < 50; i++)
        {
            _aligner.Write(Unit(2, 5 * Second90k + i * 3600));
            _aligner.Write(Unit(1, 5 * Second90k + i * 3600));
        }
        Assert.Equal(sent + 101, _out.Count);
        Assert.Equal(TimeSpan.Zero, _aligner.Delay);
    }

    [Fact]
    public void What_was_held_counts_as_received_when_it_goes_out()
    {
        long now = TimeProvider.System.GetTimestamp();
        var received = new List<long>();
        var aligner = new TrackAligner(unit => received.Add(unit.ReceivedTimestamp), _ => { }, TimeProvider.System);
        aligner.Expect(2);
        AccessUnit held = Unit(1, 0, received: now);
        aligner.Write(held);
        Assert.Empty(received);
        aligner.Write(Unit(2, 0, received: now));
        aligner.Flush();
        Assert.True(received[0] > now);
        Assert.Equal(now, held.ReceivedTimestamp);           // others have it as it came
    }

    /// <summary>Pictures at 25 per second, and sound that comes later, in bundles.</summary>
    private void Send(double start, double end, double lag, int bundle, Action? after = null, bool flush = true)
    {
        var order = new List<(long At, int Track, long Dts90k)>();
        for (long dts = (long)(start * Second90k); dts < end * Second90k; dts += 3600) { order.Add((dts, 1, dts)); }
        int index = 0;
        for (long dts = (long)(start * Second90k); dts < end * Second90k; dts += 1920, index++)
        {
            long last = dts + (bundle - 1 - index % bundle) * 1920;
            order.Add((last + (long)(lag * Second90k), 2, dts));
        }
        foreach ((long at, int track, long dts) in order.Order())
        {
            if (at > end * Second90k) { break; }
            _aligner.Write(Unit(track, dts));
            after?.Invoke();
        }
        if (!flush) { return; }
        _isOver = true;
        _aligner.Flush();
        _isOver = false;
    }

    private void AssertAllInOrder()
    {
        foreach (IGrouping<int, (int Track, long Dts90k)> track in _out.GroupBy(unit => unit.Track))
        {
            Assert.Equal(track.Select(unit => unit.Dts90k).Order(), track.Select(unit => unit.Dts90k));
        }
    }

    private static AccessUnit Unit(int track, long dts90k, bool starts = false, long received = 0)
    {
        Track format = track == 1 ? Source.VideoOf(1280, 720) : Source.AudioOf(48_000);
        return new AccessUnit
        {
            Track = format with { Id = track },
            Pts90k = dts90k,
            Dts90k = dts90k,
            Payload = MediaBuffer.CopyOf([1]),
            SampleCount = track == 1 ? 0 : 1024,
            StartsDiscontinuity = starts,
            ReceivedTimestamp = received,
        };
    }
}
