using System.Diagnostics;
using System.Globalization;

namespace Mirror.EndToEnd.RealTime;

/// <summary>The limits of one real-time test. Each is widened by the pauses that the machine made meanwhile, and every figure is reported.</summary>
/// <param name="output">The test's output.</param>
public sealed class RealTimeLimits(ITestOutputHelper output)
{
    /// <summary>A file that collects the figures of a run, which <c>make test</c> prints at its end.</summary>
    private static readonly string? Report = Environment.GetEnvironmentVariable("MIRROR_TEST_REPORT");

    // A player with 300 ms in its buffer stalls only if a third of that was taken at once or bit by bit.
    private static readonly TimeSpan LeastToStall = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan BeforeStall = TimeSpan.FromSeconds(3);
    private readonly string _priority = MachinePauses.Record();
    private readonly long _started = Stopwatch.GetTimestamp();

    /// <summary>The longest pause of the machine since the test began.</summary>
    public TimeSpan LongestPause => MachinePauses.Between(_started, Stopwatch.GetTimestamp()).Select(pause => pause.Length).DefaultIfEmpty().Max();

    /// <summary>Asserts that something took no longer than its limit and the longest pause of the machine.</summary>
    public void AtMost(string what, TimeSpan measured, TimeSpan limit)
    {
        TimeSpan pause = LongestPause;
        Write($"{what}: {Seconds(measured)}, limit {Seconds(limit)}, longest pause of the machine {Seconds(pause)}");
        Assert.True(measured <= limit + pause, $"{what}: {Seconds(measured)}; the limit is {Seconds(limit)}, and the longest pause of the machine was {Seconds(pause)}");
    }

    /// <summary>Asserts that each stall of a player follows pauses of the machine that are long enough to explain it.</summary>
    /// <param name="what">What was played.</param>
    /// <param name="stalls">When the stalls were seen.</param>
    /// <returns>Whether there was none.</returns>
    public bool StallsAreExplained(string what, IReadOnlyList<DateTime> stalls)
    {
        (long now, DateTime utcNow) = (Stopwatch.GetTimestamp(), DateTime.UtcNow);
        var unexplained = new List<string>();
        foreach (DateTime stall in stalls)
        {
            long at = now - (long)((utcNow - stall).TotalSeconds * Stopwatch.Frequency);
            var pauses = TimeSpan.FromTicks(MachinePauses.Between(at - (long)(BeforeStall.TotalSeconds * Stopwatch.Frequency), at).Sum(pause => pause.Length.Ticks));
            string line = $"{what}: a stall at {stall:HH:mm:ss.fff} after {Seconds(pauses)} of pauses of the machine";
            Write(line);
            if (pauses < LeastToStall) { unexplained.Add(line); }
        }
        Write($"{what}: {stalls.Count} stalls, longest pause of the machine {Seconds(LongestPause)}");
        Assert.True(unexplained.Count == 0, string.Join('\n', unexplained));
        return stalls.Count == 0;
    }

    private void Write(string line)
    {
        output.WriteLine($"{line} (recorded with priority: {_priority})");
        if (Report is not null) { File.AppendAllText(Report, line + "\n"); }
    }

    private static string Seconds(TimeSpan time) => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:F3} s");
}
