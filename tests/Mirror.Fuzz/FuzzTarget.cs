using System.Diagnostics;
using System.Security.Cryptography;

namespace Mirror.Fuzz;

/// <summary>One parser of outside bytes: sound inputs to start from, and what reads them.</summary>
/// <param name="Name">What <c>--target</c> takes, and the folder of its crash inputs.</param>
/// <param name="Corpus">Sound inputs.</param>
/// <param name="Read">Reads an input; must not throw.</param>
public sealed record FuzzTarget(string Name, IReadOnlyList<byte[]> Corpus, Action<byte[]> Read)
{
    private static readonly TimeSpan LongestRun = TimeSpan.FromSeconds(5);       // a hundred times what the largest input takes on a busy machine
    private const long MostAllocated = 64L * 1024 * 1024;

    /// <summary>Reads an input and says what is wrong: an exception, a hang, or memory out of proportion.</summary>
    /// <returns><see langword="null"/> when nothing is.</returns>
    public string? TryRead(byte[] input)
    {
        long allocated = GC.GetAllocatedBytesForCurrentThread();
        long started = Stopwatch.GetTimestamp();
        try { Read(input); }
        catch (Exception error) { return error.ToString(); }
        TimeSpan elapsed = Stopwatch.GetElapsedTime(started);
        if (elapsed > LongestRun) { return $"took {elapsed.TotalSeconds:F1} s"; }
        allocated = GC.GetAllocatedBytesForCurrentThread() - allocated;
        return allocated > MostAllocated ? $"allocated {allocated} bytes" : null;
    }

    /// <summary>An input made from the corpus.</summary>
    public byte[] Mutate(Random random) => Mutation.Apply(Corpus, random);

    /// <summary>Keeps an input that went wrong.</summary>
    public string Save(string folder, byte[] input)
    {
        string path = Path.Combine(folder, Name, Convert.ToHexStringLower(SHA256.HashData(input).AsSpan(0, 8)) + ".bin");
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, input);
        return path;
    }

    /// <summary>Inputs that once went wrong.</summary>
    public IEnumerable<string> Crashes(string folder)
    {
        string path = Path.Combine(folder, Name);
        return Directory.Exists(path) ? Directory.EnumerateFiles(path, "*.bin").Order(StringComparer.Ordinal) : [];
    }
}
