using System.Runtime.InteropServices;
using Mirror.Media.MpegTs;

namespace Mirror.EndToEnd.Cases;

/// <summary>A stream of a real encoder, kept beside the checkout in <c>../shared/cases</c>, with the time at which each of its bytes is due.</summary>
internal sealed class CaseFile
{
    private const double TicksPerSecond = 27_000_000;
    private const double LongestStep = 20;                   // seconds; a larger step of the clock is a jump and takes no time
    private readonly double[] _due;                          // seconds from the start, of each 188 bytes

    private CaseFile(string path, byte[] bytes, double[] due) => (Path, Bytes, _due) = (path, bytes, due);

    /// <summary>Where it lies; empty for bytes that a test made itself.</summary>
    public string Path { get; }

    /// <summary>The file.</summary>
    public byte[] Bytes { get; }

    /// <summary>Reads a file; its pace is that of the <c>.times</c> file beside it, or of its first PCR PID.</summary>
    /// <param name="name">Name of the file, or a path.</param>
    /// <param name="bitsPerSecond">The pace of a file without a clock; 0 where it has one.</param>
    public static CaseFile Read(string name, double bitsPerSecond = 0)
    {
        string path = PathOf(name);
        byte[] bytes = File.ReadAllBytes(path);
        string times = path + ".times";
        if (File.Exists(times)) { return new CaseFile(path, bytes, MemoryMarshal.Cast<byte, double>(File.ReadAllBytes(times)).ToArray()); }
        return new CaseFile(path, bytes, bitsPerSecond > 0 ? PaceOf(bytes, bitsPerSecond) : PaceOf(bytes));
    }

    /// <summary>Where a file of the cases is.</summary>
    public static string PathOf(string name) => System.IO.Path.Combine(System.IO.Path.GetDirectoryName(Repository.Root)!, "shared", "cases", name);

    /// <summary>Bytes that a test made itself.</summary>
    public static CaseFile Of(byte[] bytes, double bitsPerSecond) => new("", bytes, PaceOf(bytes, bitsPerSecond));

    /// <summary>When a byte is due, from the start.</summary>
    public TimeSpan Due(int position) => TimeSpan.FromSeconds(_due[Math.Min(position / TransportPacket.Size, _due.Length - 1)]);

    private static double[] PaceOf(byte[] bytes, double bitsPerSecond)
        => [.. Enumerable.Range(0, bytes.Length / TransportPacket.Size + 1).Select(i => i * TransportPacket.Size * 8 / bitsPerSecond)];

    /// <summary>Interpolates between the PCRs of the first PID that has any.</summary>
    private static double[] PaceOf(byte[] bytes)
    {
        int count = bytes.Length / TransportPacket.Size;
        double[] due = new double[count + 1];
        (int pid, int index, long pcr) = (-1, 0, 0);
        double now = 0;
        for (int i = 0; i < count; i++)
        {
            bool isClock = TransportPacket.TryParse(bytes.AsSpan(i * TransportPacket.Size, TransportPacket.Size), out TransportPacket packet)
                && packet.Pcr27M >= 0 && (pid < 0 || packet.Pid == pid);
            if (!isClock) { continue; }
            double step = pid < 0 ? 0 : (packet.Pcr27M - pcr) / TicksPerSecond;
            step = step is > 0 and < LongestStep ? step : 0;
            for (int k = index; k <= i; k++) { due[k] = now + step * (k - index) / Math.Max(1, i - index); }
            (pid, index, pcr) = (packet.Pid, i, packet.Pcr27M);
            now += step;
        }
        due.AsSpan(index).Fill(now);
        return due;
    }
}
