using System.Diagnostics;

namespace Mirror.Benchmarks.Soak;

/// <summary>Samples taken while something goes on, told about now and then and judged at the end.</summary>
internal sealed class SoakPhase(SoakServer server, string name)
{
    private static readonly TimeSpan SampleInterval = TimeSpan.FromSeconds(1);
    private readonly List<SoakSample> _samples = [];
    private readonly long _started = Stopwatch.GetTimestamp();
    private TimeSpan? _length;

    public TimeSpan Elapsed => _length ?? Stopwatch.GetElapsedTime(_started);

    /// <summary>Samples until the work is done.</summary>
    /// <param name="work">The work.</param>
    /// <param name="progress">How far it is: the share, and the position that a slope is by.</param>
    /// <param name="step">Position after which to tell how it goes, again and again.</param>
    /// <param name="describe">Further figures to tell.</param>
    public async Task WatchAsync(Task work, Func<(double Share, double Position)> progress, double step, Func<string> describe)
    {
        double next = step;
        using var timer = new PeriodicTimer(SampleInterval);
        while (!work.IsCompleted)
        {
            await Task.WhenAny(work, timer.WaitForNextTickAsync().AsTask());
            (double share, double position) = progress();
            _samples.Add(await server.SampleAsync(share, position));
            if (position < next) { continue; }
            next = (Math.Floor(position / step) + 1) * step;
            Tell(describe());
        }
        _length = Elapsed;
        await work;
    }

    /// <summary>Prints the table.</summary>
    /// <param name="slope">What slopes are told in.</param>
    public SoakVerdict Judge(SoakSlope slope)
    {
        Console.WriteLine();
        Console.WriteLine($"{name}: {_samples.Count} samples in {Elapsed:h\\:mm\\:ss}");
        Console.WriteLine(SoakFigure.Header);
        return SoakFigure.All.Select(figure => figure.Print(_samples, slope)).ToArray().Max();
    }

    private void Tell(string more)
    {
        SoakSample last = _samples[^1];
        Console.WriteLine($"{name} {Elapsed:h\\:mm\\:ss} {last.Progress * 100,5:F1} %  server {last.ServerMiB:F0} MiB ({last.AnonymousMiB:F0} anonymous), {last.Children} workers {last.WorkersMiB:F0} MiB, {last.Zombies} zombies, "
            + $"{last.Descriptors} descriptors, {last.Threads} threads, {last.StoreFiles} files  {more}");
    }
}
