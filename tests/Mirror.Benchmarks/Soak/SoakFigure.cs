namespace Mirror.Benchmarks.Soak;

/// <summary>One figure over a phase, and whether it stayed flat: the last quarter's median against the second quarter's, since the first one warms up.</summary>
/// <param name="Name">What it is.</param>
/// <param name="Of">The figure of a sample.</param>
/// <param name="Share">How far the last quarter may be above the second, as a share of it; none where the figure is only shown.</param>
/// <param name="Slack">And by how much besides.</param>
/// <param name="IsMemory">It is in MiB.</param>
internal sealed record SoakFigure(string Name, Func<SoakSample, double> Of, double? Share = null, double Slack = 0, bool IsMemory = false)
{
    private const double MemoryShare = 0.10;
    private const double MemorySlack = 20;
    private const double CountShare = 0.10;
    private const double CountSlack = 5;
    private const double WorkerSlack = 2;                    // streams that come and go one at a time more, and the spare one's start
    private const int FewestSamples = 10;                    // of a quarter whose median means anything
    private const int Neighbours = 2;                        // samples on either side that a shown value is the median of
    private static readonly double[] Shown = [0.10, 0.25, 0.50, 0.75, 1.00];

    /// <summary>What is judged, and what is shown beside it.</summary>
    public static readonly SoakFigure[] All =
    [
        new("server, MiB", sample => sample.ServerMiB, MemoryShare, MemorySlack, IsMemory: true),
        new("  of that, anonymous", sample => sample.AnonymousMiB, IsMemory: true),
        new("workers, MiB", sample => sample.WorkersMiB, IsMemory: true),
        new("  the largest, MiB", sample => sample.LargestWorkerMiB, MemoryShare, MemorySlack, IsMemory: true),
        new("worker processes", sample => sample.Children, 0, WorkerSlack),
        new("zombies", sample => sample.Zombies, 0, 0),
        new("file descriptors", sample => sample.Descriptors, CountShare, CountSlack),
        new("threads", sample => sample.Threads, CountShare, CountSlack),
        new("files in the store", sample => sample.StoreFiles),
        new("  of that, overdue", sample => sample.OverdueFiles, 0, 0),
    ];

    /// <summary>What flat means, in a sentence.</summary>
    public static string Rule => $"Flat: the median of the last quarter is above that of the second quarter by no more than {MemoryShare:P0} + {MemorySlack} MiB, descriptors and threads by {CountShare:P0} + {CountSlack}, "
        + $"worker processes by {WorkerSlack}; no zombies, no files older than store.retention. At rest all are back at what they were after the warm-up.";

    public static string Header => $"{"",-22}{string.Concat(Shown.Select(share => $"{share * 100,7:F0} %"))}  {"slope, 25-100 %",-22}{"2nd quarter",12}{"4th quarter",12}{"limit",9}";

    public static string TextOf(SoakVerdict verdict) => verdict switch
    {
        SoakVerdict.Flat => "flat",
        SoakVerdict.TooShort => "too short to judge",
        _ => "NOT FLAT",
    };

    /// <summary>Prints its row.</summary>
    public SoakVerdict Print(IReadOnlyList<SoakSample> samples, SoakSlope slope)
    {
        SoakSample[] second = [.. samples.Where(sample => sample.Progress is > 0.25 and <= 0.5)];
        SoakSample[] fourth = [.. samples.Where(sample => sample.Progress > 0.75)];
        double limit = Median(second) * (1 + (Share ?? 0)) + Slack;
        bool canJudge = Math.Min(second.Length, fourth.Length) >= FewestSamples;
        SoakVerdict verdict = Share is null ? SoakVerdict.Flat : !canJudge ? SoakVerdict.TooShort : Median(fourth) <= limit ? SoakVerdict.Flat : SoakVerdict.NotFlat;
        string rise = slope.Describe(RiseOf(samples), IsMemory);
        string judged = Share is null ? "" : $"{limit,9:F1}  {TextOf(verdict)}";
        Console.WriteLine($"{Name,-22}{string.Concat(Shown.Select(progress => $"{At(samples, progress),9:F1}"))}  {rise,-22}{Median(second),12:F1}{Median(fourth),12:F1}{judged}");
        return verdict;
    }

    /// <summary>Rise by least squares over the last three quarters.</summary>
    private double RiseOf(IReadOnlyList<SoakSample> samples)
    {
        SoakSample[] late = [.. samples.Where(sample => sample.Progress > 0.25)];
        if (late.Length < 2) { return double.NaN; }
        (double x, double y) = (late.Average(sample => sample.Position), late.Average(Of));
        double spread = late.Sum(sample => (sample.Position - x) * (sample.Position - x));
        return spread == 0 ? double.NaN : late.Sum(sample => (sample.Position - x) * (Of(sample) - y)) / spread;
    }

    private double At(IReadOnlyList<SoakSample> samples, double progress)
    {
        int at = Enumerable.Range(0, samples.Count).MinBy(i => Math.Abs(samples[i].Progress - progress));
        return Median(samples.Skip(Math.Max(0, at - Neighbours)).Take(2 * Neighbours + 1));
    }

    private double Median(IEnumerable<SoakSample> samples)
    {
        double[] sorted = [.. samples.Select(Of).Order()];
        return sorted.Length == 0 ? double.NaN : sorted[sorted.Length / 2];
    }
}

/// <summary>What slopes are told in.</summary>
/// <param name="MemoryFactor">What a rise of memory in MiB a position is multiplied by.</param>
/// <param name="MemoryUnit">And then is in.</param>
/// <param name="CountFactor">The same of counts.</param>
/// <param name="CountUnit">And its unit.</param>
internal sealed record SoakSlope(double MemoryFactor, string MemoryUnit, double CountFactor, string CountUnit)
{
    public string Describe(double rise, bool isMemory) => isMemory ? $"{rise * MemoryFactor:F2} {MemoryUnit}" : $"{rise * CountFactor:F2} {CountUnit}";
}

/// <summary>What is said of a figure, or of a run: the worst of what it consists of.</summary>
internal enum SoakVerdict
{
    /// <summary>It stayed what it was.</summary>
    Flat,

    /// <summary>There are too few samples, and nothing else is wrong.</summary>
    TooShort,

    /// <summary>It grew, or something failed.</summary>
    NotFlat,
}
