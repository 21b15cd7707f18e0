namespace Mirror.Benchmarks;

/// <summary>One benchmark: a subcommand of this program.</summary>
internal interface IBench
{
    /// <summary>The subcommand.</summary>
    string Name { get; }

    /// <summary>The options that it takes besides <c>--brief</c>, as the usage text shows them.</summary>
    string Options { get; }

    /// <summary>What it measures, in a line of the usage text.</summary>
    string Description { get; }

    /// <summary>Whether a run of all benches leaves it out, because it takes an hour, unless the run is brief.</summary>
    bool IsLong => false;

    /// <summary>Measures every load by <see cref="BenchRun.MeasureAsync"/>, and prints its own table on the way.</summary>
    Task RunAsync(BenchRun run);
}
