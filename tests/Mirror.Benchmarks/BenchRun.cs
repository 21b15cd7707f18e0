namespace Mirror.Benchmarks;

/// <summary>One bench of a run: its options, and how each of its loads went.</summary>
internal sealed class BenchRun(IBench bench, BenchOptions options)
{
    private readonly List<BenchRow> _rows = [];

    public BenchOptions Options => options;

    public IReadOnlyList<BenchRow> Rows => _rows;

    /// <summary>Measures one load. If that fails, the load's row says why, and the bench continues with the next one.</summary>
    /// <param name="load">The load's name.</param>
    /// <param name="measure">Measures, prints its row of the bench's table, and returns the figure that stands for it.</param>
    public async Task MeasureAsync(string load, Func<Task<BenchFigure>> measure)
    {
        if (!options.Selects(load)) { return; }
        try
        {
            BenchFigure figure = await measure();
            if (!double.IsFinite(figure.Value) || figure.Value <= 0) { throw new InvalidOperationException($"measured {figure}"); }
            _rows.Add(new BenchRow(bench.Name, load, BenchOutcome.Ok, figure.ToString()));
        }
        catch (Exception error) { AddFailure(load, error); }
    }

    /// <summary>Adds a row for what failed, and prints it. A program that is not installed is no failure of the bench.</summary>
    public void AddFailure(string load, Exception error)
    {
        var row = new BenchRow(bench.Name, load, error is ToolMissingException ? BenchOutcome.NotInstalled : BenchOutcome.Failed, error.Message);
        _rows.Add(row);
        Console.WriteLine($"{load}: {row.Result}");
    }
}

/// <summary>The figure that stands for a load in the last table.</summary>
internal readonly record struct BenchFigure(double Value, string Unit)
{
    public override string ToString() => $"{Value.ToString(Value >= 1000 ? "F0" : "G4")} {Unit}";
}

/// <summary>How one load went.</summary>
/// <param name="Bench">The bench.</param>
/// <param name="Load">The load.</param>
/// <param name="Outcome">The outcome.</param>
/// <param name="Detail">The figure, or the reason.</param>
internal sealed record BenchRow(string Bench, string Load, BenchOutcome Outcome, string Detail)
{
    public string Result => Outcome switch
    {
        BenchOutcome.Ok => $"ok      {Detail}",
        BenchOutcome.NotInstalled => Detail,
        _ => $"FAILED  {Detail}",
    };
}

internal enum BenchOutcome
{
    /// <summary>It was measured.</summary>
    Ok,

    /// <summary>A program that it needs is not installed.</summary>
    NotInstalled,

    /// <summary>It failed.</summary>
    Failed,
}
