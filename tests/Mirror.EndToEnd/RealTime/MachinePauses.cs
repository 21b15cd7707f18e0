using System.Diagnostics;
using System.Globalization;

namespace Mirror.EndToEnd.RealTime;

/// <summary>Records every pause of this machine while real-time tests run, with a program of the highest priority (pauses.c).</summary>
/// <remarks>Its own process, so that neither the tests' nor Mirror's garbage collection can look like a pause of the machine.</remarks>
public static class MachinePauses
{
    private static readonly Lock Gate = new();
    private static readonly List<Pause> Recorded = [];
    private static readonly Lazy<string> Recorder = new(Start);

    /// <summary>Starts to record, once for all tests.</summary>
    /// <returns>The priority that the recorder has.</returns>
    public static string Record() => Recorder.Value;

    /// <summary>The pauses that overlap a stretch of time; both ends are of <see cref="Stopwatch.GetTimestamp"/>.</summary>
    public static IReadOnlyList<Pause> Between(long from, long until)
    {
        lock (Gate) { return [.. Recorded.Where(pause => pause.Start < until && pause.Start + pause.Length.Ticks * (Stopwatch.Frequency / TimeSpan.TicksPerSecond) > from)]; }
    }

    private static string Start()
    {
        string program = Path.Combine(AppContext.BaseDirectory, $"pauses-{Environment.ProcessId}");
        using (Process compiler = Process.Start("gcc", ["-O2", "-o", program, Path.Combine(AppContext.BaseDirectory, "RealTime", "pauses.c")]))
        {
            compiler.WaitForExit();
            if (compiler.ExitCode != 0) { throw new InvalidOperationException("gcc could not compile pauses.c."); }
        }
        Process recorder = Process.Start(new ProcessStartInfo(program) { UseShellExecute = false, RedirectStandardOutput = true })!;
        File.Delete(program);
        string priority = recorder.StandardOutput.ReadLine() ?? throw new InvalidOperationException("The recorder of pauses ended.");
        AppDomain.CurrentDomain.ProcessExit += (_, _) => recorder.Kill();
        new Thread(() => Read(recorder.StandardOutput)) { IsBackground = true, Name = "pauses" }.Start();
        return priority;
    }

    private static void Read(StreamReader lines)
    {
        while (lines.ReadLine() is { } line)
        {
            long[] fields = [.. line.Split(' ').Select(field => long.Parse(field, CultureInfo.InvariantCulture))];
            lock (Gate) { Recorded.Add(new Pause(fields[0], TimeSpan.FromMicroseconds(fields[1] / 1000.0))); }
        }
    }
}

/// <summary>A pause of the machine.</summary>
/// <param name="Start">When it began at the earliest, as <see cref="Stopwatch.GetTimestamp"/> counts: nanoseconds of the monotonic clock.</param>
/// <param name="Length">How long nothing ran.</param>
public readonly record struct Pause(long Start, TimeSpan Length);
