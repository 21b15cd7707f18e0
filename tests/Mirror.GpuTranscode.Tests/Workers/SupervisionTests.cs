using System.Diagnostics;
using System.Text;
using Mirror.GpuTranscode.Workers;

namespace Mirror.GpuTranscode.Tests.Workers;

/// <summary>The small parts of supervision: back-off, and what the kernel says of a process.</summary>
public sealed class SupervisionTests
{
    [Fact]
    public void Each_failure_in_a_row_waits_twice_as_long_up_to_half_a_minute()
    {
        var delay = new RestartDelay(TimeSpan.FromSeconds(10));
        double[] waits = [.. Enumerable.Range(0, 10).Select(_ => delay.Next(TimeSpan.FromSeconds(1)).TotalSeconds)];
        Assert.Equal([0, 0.25, 0.5, 1, 2, 4, 8, 16, 30, 30], waits);
        Assert.Equal(TimeSpan.Zero, delay.Next(TimeSpan.FromSeconds(10)));
        Assert.Equal(TimeSpan.FromSeconds(0.25), delay.Next(TimeSpan.Zero));
    }

    [Fact]
    public void A_process_is_read_from_its_stat_line_whatever_its_name()
    {
        string line = "1234 (a) b ( c)) T 1 1 1 0 -1 4194560 4000 0 10 0 250 50 0 0 20 5 7 0 123456 999999 2048 18446744073709551615 1 1 0";
        Assert.True(ProcessMeter.TryParse(Encoding.ASCII.GetBytes(line), out ProcessUse use));
        Assert.Equal(new ProcessUse(TimeSpan.FromSeconds(3), 2048L * Environment.SystemPageSize, IsStopped: true, IsDead: false), use);
        int end = line.IndexOf(" 2048", StringComparison.Ordinal);
        for (int length = 0; length < end; length++) { Assert.False(ProcessMeter.TryParse(Encoding.ASCII.GetBytes(line[..length]), out _)); }
    }

    [Fact]
    public void This_process_can_be_measured()
    {
        using var meter = new ProcessMeter(Environment.ProcessId);
        Assert.True(meter.TryRead(out ProcessUse use));
        Assert.InRange(use.ResidentBytes, 10L << 20, Environment.WorkingSet * 2);
        Assert.False(use.IsStopped);
    }

    [Fact]
    public async Task A_process_that_shares_its_processor_waits_for_it()
    {
        // Two that never rest, on one processor: each waits while the other runs.
        using Process first = Spin();
        using Process second = Spin();
        try
        {
            using var meter = new ProcessMeter(first.Id);
            using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(2));
            while (meter.ReadWaited() < TimeSpan.FromMilliseconds(100)) { await Task.Delay(20, limit.Token); }
        }
        finally
        {
            first.Kill();
            second.Kill();
        }

        static Process Spin() => Process.Start("taskset", ["-c", "0", "sh", "-c", "while :; do :; done"]);
    }
}
