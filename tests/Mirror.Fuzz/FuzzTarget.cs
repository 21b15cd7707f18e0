using System.Diagnostics;

namespace Mirror.Fuzz;

/// <summary>One parser of outside bytes: inputs to start from, and what reads them.</summary>
/// <param name="Name">What <c>--target</c> takes, and the name of its folder in corpus.</param>
/// <param name="Corpus">Sound inputs that are made here; the files of corpus come on top, see <see cref="SeedCorpus"/>.</param>
/// <param name="Read">Reads an input; must not throw.</param>
public sealed record FuzzTarget(string Name, IReadOnlyList<byte[]> Corpus, Action<byte[]> Read)
{
    private static readonly TimeSpan LongestRun = TimeSpan.FromSeconds(5);       // a hundred times what the largest input takes on a busy machine
    private const long MostAllocated = 64L * 1024 * 1024;
    private readonly IReadOnlyList<byte[]> _inputs = [.. Corpus, .. SeedCorpus.Built.Inputs(Name).Values];

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

    /// <summary>The files of corpus for this target.</summary>
    public IReadOnlyDictionary<string, byte[]> Seeds { get; } = SeedCorpus.Built.Inputs(Name);

    /// <summary>An input made from all others.</summary>
    public byte[] Mutate(Random random) => Mutation.Apply(_inputs, random);

    /// <summary>An input made from one.</summary>
    public static byte[] Mutate(byte[] input, Random random) => Mutation.Apply([input], random);
}
