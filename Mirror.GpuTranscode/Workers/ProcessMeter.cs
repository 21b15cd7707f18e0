using System.Buffers.Text;
using System.Globalization;
using Microsoft.Win32.SafeHandles;

namespace Mirror.GpuTranscode.Workers;

/// <summary>Reads a process's processor time, memory and state from <c>/proc/PID/stat</c> (proc(5)).</summary>
internal sealed class ProcessMeter : IDisposable
{
    private const int LongestStat = 1024;
    private const int StateField = 0;                        // counted from behind the name in parentheses
    private const int UserTimeField = 11;
    private const int SystemTimeField = 12;
    private const int ResidentField = 21;
    private const int TicksPerSecond = 100;                  // USER_HZ, which Linux shows to programs as 100 on every machine
    private readonly SafeFileHandle? _stat;                  // none if the process ended before it could be looked at
    private readonly string _tasks;

    public ProcessMeter(int processId)
    {
        _tasks = $"/proc/{processId}/task";
        try { _stat = File.OpenHandle($"/proc/{processId}/stat"); }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException) { /* it is gone */ }
    }

    /// <summary>What the process uses now; false if it is gone.</summary>
    public bool TryRead(out ProcessUse use)
    {
        use = default;
        if (_stat is null) { return false; }
        Span<byte> text = stackalloc byte[LongestStat];
        try { text = text[..RandomAccess.Read(_stat, text, 0)]; }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ObjectDisposedException) { return false; }
        return TryParse(text, out use);
    }

    /// <summary>How long its threads that live have waited for a processor so far, together; zero where the kernel does not say. Costs a read for each thread.</summary>
    public TimeSpan ReadWaited()
    {
        long nanoseconds = 0;
        try
        {
            foreach (string task in Directory.EnumerateDirectories(_tasks))
            {
                string[] fields = File.ReadAllText(Path.Combine(task, "schedstat")).Split(' ');       // proc(5): time run, time waited, times run
                if (fields.Length > 1 && long.TryParse(fields[1], CultureInfo.InvariantCulture, out long waited)) { nanoseconds += waited; }
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException) { /* a thread ended, or all of them */ }
        return TimeSpan.FromTicks(nanoseconds / TimeSpan.NanosecondsPerTick);
    }

    public void Dispose() => _stat?.Dispose();

    /// <summary>Reads one line. The name may hold anything, spaces and parentheses included, so fields count from the last one on.</summary>
    internal static bool TryParse(ReadOnlySpan<byte> text, out ProcessUse use)
    {
        use = default;
        int name = text.LastIndexOf((byte)')');
        if (name < 0 || name + 2 >= text.Length) { return false; }
        ReadOnlySpan<byte> rest = text[(name + 2)..];
        byte state = 0;
        long ticks = 0;
        for (int field = 0; field <= ResidentField; field++)
        {
            int space = rest.IndexOf((byte)' ');
            ReadOnlySpan<byte> value = space < 0 ? rest : rest[..space];
            if (field == StateField && value.Length == 1) { state = value[0]; }
            if (field is UserTimeField or SystemTimeField or ResidentField)
            {
                if (!Utf8Parser.TryParse(value, out long number, out _)) { return false; }
                if (field == ResidentField)
                {
                    use = new ProcessUse(TimeSpan.FromSeconds((double)ticks / TicksPerSecond), number * Environment.SystemPageSize, state is (byte)'T' or (byte)'t', state is (byte)'Z' or (byte)'X');
                    return true;
                }
                ticks += number;
            }
            if (space < 0) { return false; }
            rest = rest[(space + 1)..];
        }
        return false;
    }
}

/// <summary>What a process uses.</summary>
/// <param name="ProcessorTime">Time that it ran, over all its threads.</param>
/// <param name="ResidentBytes">Memory that it holds.</param>
/// <param name="IsStopped">A signal or a debugger stopped it.</param>
/// <param name="IsDead">It ended, and nobody asked for its status yet.</param>
internal readonly record struct ProcessUse(TimeSpan ProcessorTime, long ResidentBytes, bool IsStopped, bool IsDead);
