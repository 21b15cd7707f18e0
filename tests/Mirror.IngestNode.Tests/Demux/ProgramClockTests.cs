using Mirror.IngestNode.Demux;

namespace Mirror.IngestNode.Tests.Demux;

/// <summary>Dates of streams whose units arrive late, in bursts and with jitter, against the instants at which their frames began.</summary>
public class ProgramClockTests
{
    private const long TicksPerSecond = 90_000;
    private const long StartPts = 900_000;
    private const double SegmentSeconds = 0.5;
    private static readonly DateTime Start = new(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc);      // when the first frame begins

    /// <summary>When a frame arrives that is over at a given second; never before it is over. Then the bounds of the first date's error and of the wait, in milliseconds.</summary>
    private sealed record Case(Func<int, double, double> Arrival, double MostLate, double LongestWait);

    private static readonly Dictionary<string, Case> Cases = new()
    {
        ["on time"] = new((_, end) => end, 3, 300),
        ["the first frame 100 ms late"] = new((i, end) => i == 0 ? end + 0.1 : Math.Max(end, 0.141), 3, 450),
        ["every tenth frame 60 ms late"] = new((i, end) => i % 10 == 0 ? end + 0.06 : end, 3, 400),
        ["jitter of 80 ms"] = new((i, end) => end + Jitter(i, 0.08), 40, 1_200),
        ["bursts 100 ms apart"] = new((_, end) => Math.Ceiling(end / 0.1) * 0.1, 40, 500),
        ["bursts 300 ms apart"] = new((_, end) => Math.Ceiling(end / 0.3) * 0.3, 40, 700),
        ["one second at once"] = new((i, end) => Math.Max(end, 1 + i * 0.0005), 3, 1_300),
        ["five seconds at once"] = new((i, end) => Math.Max(end, 5 + i * 0.0005), 3, 5_400),
        ["one second, sent at three times real time"] = new((_, end) => Math.Max(end, 1 + end / 3), 3, 1_800),
        ["one second, sent at 1.6 times real time"] = new((_, end) => Math.Max(end, 1 + end / 1.6), 3, 3_100),
    };

    public static TheoryData<string, double> CasesAndRates
    {
        get
        {
            var data = new TheoryData<string, double>();
            foreach (string name in Cases.Keys)
            {
                foreach (double rate in new[] { 25, 30_000 / 1001.0, 60 }) { data.Add(name, rate); }
            }
            return data;
        }
    }

    /// <summary>A date once given out stands for its segment, so each frame of it is checked by the segment's date, as a viewer would.</summary>
    [Theory, MemberData(nameof(CasesAndRates))]
    public void No_frame_ends_more_than_a_frame_after_its_arrival(string name, double rate)
    {
        Case stream = Cases[name];
        List<Frame> frames = Run(stream.Arrival, rate, seconds: 30);
        double frame = 1_000 / rate;
        TimeSpan first = frames[0].SegmentDate - Start;
        Assert.InRange(first.TotalMilliseconds, -3, stream.MostLate);
        Assert.InRange((frames[0].PassedOn - Start).TotalMilliseconds, 0, stream.LongestWait);
        Assert.All(frames, f => Assert.InRange((f.SegmentDate.AddSeconds(f.EndInSegment) - f.PassedOn).TotalMilliseconds, double.MinValue, frame));
        Assert.All(frames.Zip(frames.Skip(1)), pair => Assert.InRange((pair.Second.Date - pair.First.Date).TotalMilliseconds, frame * 0.999 - 0.02, frame * 1.0002 + 0.02));
    }

    [Fact]
    public void A_backlog_sent_too_slowly_to_wait_for_is_followed()
    {
        // Three seconds at 1.25 times real time take twelve: the clock gives up waiting after two.
        List<Frame> frames = Run((_, end) => Math.Max(end, 3 + end / 1.25), 25, seconds: 60);
        Assert.InRange((frames[0].PassedOn - Start).TotalSeconds, 3, 5.1);
        Assert.All(frames, f => Assert.InRange((f.Date.AddMilliseconds(40) - f.PassedOn).TotalMilliseconds, double.MinValue, 300));
        Assert.All(frames.Where(f => f.PassedOn > Start.AddSeconds(30)), f => Assert.InRange((f.Date.AddMilliseconds(40) - f.PassedOn).TotalMilliseconds, double.MinValue, 40));
        Assert.All(frames.Zip(frames.Skip(1)), pair => Assert.True(pair.Second.Date > pair.First.Date));
    }

    [Fact]
    public void A_delay_that_ends_too_late_to_wait_for_is_corrected_within_seconds()
    {
        List<Frame> frames = Run((_, end) => end < 0.5 ? end + 0.1 : Math.Max(end, 0.6), 25, seconds: 60);
        double[] ahead = [.. frames.Select(f => (f.Date.AddMilliseconds(40) - f.PassedOn).TotalMilliseconds)];
        Assert.InRange(ahead.Max(), 90, 100);
        Assert.All(ahead[(5 * 25)..], a => Assert.InRange(a, double.MinValue, 41));
        Assert.InRange(ahead[^1], -1, 1);
        Assert.All(frames.Zip(frames.Skip(1)), pair => Assert.InRange((pair.Second.Date - pair.First.Date).TotalMilliseconds, 37, 40.1));
    }

    [Theory]
    [InlineData(10, 0)]
    [InlineData(40, 0.08)]
    [InlineData(1.5, 0)]
    public void A_pause_of_timestamps_and_arrivals_makes_dates_late(double pause, double jitter)
    {
        ProgramClock clock = default;
        clock.Start(StartPts);
        int lateAt = -1;
        for (int i = 0; i < 500 && lateAt < 0; i++)
        {
            double end = (i + 1) * 0.04;
            clock.Observe(Start.AddSeconds(end + Jitter(i, jitter) + (end > 5 ? pause : 0)), StartPts + Ticks(end), Ticks(0.04));
            if (clock.IsLate) { lateAt = i; }
        }
        Assert.InRange(lateAt * 0.04 - 5, 2, 3);
        Assert.InRange(clock.Lag.TotalSeconds, pause - 0.1, pause + 0.1);
        clock.Redate(StartPts + Ticks(8));
        Assert.False(clock.IsLate);
        Assert.True(clock.IsSettled);
        Assert.InRange((clock.ToUtc(StartPts + Ticks(9)) - Start.AddSeconds(9 + pause)).TotalMilliseconds, -10, 1000 * jitter + 1);
    }

    [Fact]
    public void A_pause_of_less_than_a_second_is_slewed_away()
    {
        ProgramClock clock = default;
        clock.Start(StartPts);
        for (int i = 0; i < 500; i++)
        {
            double end = (i + 1) * 0.04;
            clock.Observe(Start.AddSeconds(end + (end > 5 ? 0.9 : 0)), StartPts + Ticks(end), Ticks(0.04));
            Assert.False(clock.IsLate);
        }
    }

    [Fact]
    public void A_publisher_that_is_slow_all_the_time_is_not_dated_anew()
    {
        ProgramClock clock = default;
        clock.Start(StartPts);
        for (int i = 0; i < 1000; i++)
        {
            double end = (i + 1) * 0.04;
            clock.Observe(Start.AddSeconds(end * 2), StartPts + Ticks(end), Ticks(0.04));
            Assert.False(clock.IsLate);
        }
    }

    [Theory]
    [InlineData(6, 1000)]     // bursts
    [InlineData(10, 1.5)]     // one outage, whose backlog is sent at 1.5 times real time
    public void Media_that_catches_up_is_not_late(double period, double pace)
    {
        ProgramClock clock = default;
        clock.Start(StartPts);
        for (int i = 0; i < 2500; i++)
        {
            double end = (i + 1) * 0.04;
            double sent = pace > 100 ? Math.Ceiling(end / period) * period + (i % 150) * 0.0005 : end < 20 ? end : Math.Max(end, 20 + period + (end - 20) / pace);
            clock.Observe(Start.AddSeconds(sent), StartPts + Ticks(end), Ticks(0.04));
            Assert.False(clock.IsLate, $"frame {i}");
        }
    }

    [Fact]
    public void Audio_that_arrives_before_its_video_counts()
    {
        ProgramClock clock = default;
        clock.Start(StartPts);
        for (int i = 0; i < 50; i++)
        {
            double end = (i + 1) * 0.04;
            clock.Observe(Start.AddSeconds(end + 0.2), StartPts + Ticks(end), Ticks(0.04));
            clock.Observe(Start.AddSeconds(end), StartPts + Ticks(end), Ticks(0.02));
        }
        Assert.True(clock.IsSettled);
        Assert.InRange((clock.ToUtc(StartPts) - Start).TotalMilliseconds, -1, 1);
    }

    [Fact]
    public void A_frame_that_settles_nothing_leaves_the_clock_unsettled()
    {
        ProgramClock clock = default;
        clock.Start(StartPts);
        clock.Observe(Start, StartPts + Ticks(0.04), Ticks(0.04));
        clock.Observe(Start.AddMilliseconds(500), StartPts + Ticks(0.54), Ticks(0.04));      // no time without news may settle it: too few units
        Assert.False(clock.IsSettled);
        clock.Settle();
        Assert.Equal(Start.AddMilliseconds(-40), clock.ToUtc(StartPts));
    }

    [Theory]
    [InlineData(1.0005)]      // the publisher's clock runs slow,
    [InlineData(0.9995)]      // or fast
    public void A_drifting_publisher_is_followed(double pace)
    {
        List<Frame> frames = Run((_, end) => end * pace, 25, seconds: 600);
        double drift = 600_000 * (pace - 1);
        double followed = (frames[^1].Date - Start).TotalMilliseconds - (600_000 - 40);
        Assert.InRange(followed, Math.Min(drift, 0) - 5, Math.Max(drift * 0.41, 5));
        Assert.True(Math.Abs(followed) > 100);
    }

    private sealed record Frame(DateTime Date, DateTime SegmentDate, double EndInSegment, DateTime PassedOn);

    private static List<Frame> Run(Func<int, double, double> arrival, double rate, double seconds)
    {
        ProgramClock clock = default;
        clock.Start(StartPts);
        var frames = new List<Frame>();
        DateTime segmentDate = default;
        int segmentStart = 0;
        int held = 0;
        for (int i = 0; i < seconds * rate; i++)
        {
            DateTime now = Start.AddSeconds(arrival(i, (i + 1) / rate));
            clock.Observe(now, StartPts + Ticks((i + 1) / rate), Ticks(1 / rate));
            if (!clock.IsSettled) { continue; }
            for (; held <= i; held++)
            {
                DateTime date = clock.ToUtc(StartPts + Ticks(held / rate));
                if (held == 0 || (held - segmentStart) / rate >= SegmentSeconds - 0.001) { (segmentDate, segmentStart) = (date, held); }
                frames.Add(new Frame(date, segmentDate, (held + 1 - segmentStart) / rate, now));
            }
        }
        return frames;
    }

    private static long Ticks(double seconds) => (long)Math.Round(seconds * TicksPerSecond);

    private static double Jitter(int i, double most) => new Random(i * 7919 + 1).NextDouble() * most;
}
