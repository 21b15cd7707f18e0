namespace Mirror.Benchmarks;

/// <summary>Runs benches one after another. One that fails does not keep the others from running.</summary>
internal static class BenchProgram
{
    private const int WrongUsage = 2;
    private const int LongestResult = 400;                   // of a reason in the last table; the whole of it is printed where it happened

    /// <summary>Runs the benches that the words name, or all, and prints a table of how each load went.</summary>
    /// <returns>The exit code: 0, 1 if a load failed, 2 if the words are wrong.</returns>
    public static async Task<int> RunAsync(IBench[] benches, string[] words)
    {
        if (words.Contains("--help"))
        {
            Console.WriteLine(Usage(benches));
            return 0;
        }
        List<string> names = [];
        BenchOptions? options = BenchOptions.Parse(words, names, out string error);
        string? unknown = names.Find(name => benches.All(bench => bench.Name != name));
        if (options is null || unknown is not null)
        {
            Console.Error.WriteLine($"{(unknown is null ? error : $"There is no bench {unknown}.")}\n{Usage(benches)}");
            return WrongUsage;
        }
        List<BenchRow> rows = [];
        foreach (IBench bench in benches.Where(bench => names.Count == 0 ? !bench.IsLong || options.IsBrief : names.Contains(bench.Name)))
        {
            rows.AddRange(await RunAsync(bench, options));
            Console.WriteLine();
        }
        Print(rows);
        return rows.Count > 0 && rows.TrueForAll(row => row.Outcome != BenchOutcome.Failed) ? 0 : 1;
    }

    private static async Task<IReadOnlyList<BenchRow>> RunAsync(IBench bench, BenchOptions options)
    {
        var run = new BenchRun(bench, options);
        try { await bench.RunAsync(run); }
        catch (Exception error) { run.AddFailure("(whole bench)", error); }
        return run.Rows;
    }

    private static void Print(List<BenchRow> rows)
    {
        if (rows.Count == 0) { Console.WriteLine("No load has that name."); }
        Console.WriteLine($"{"bench",-13}{"load",-32}result");
        foreach (BenchRow row in rows)
        {
            string result = row.Result.ReplaceLineEndings(" | ");
            Console.WriteLine($"{row.Bench,-13}{row.Load,-32}{(result.Length <= LongestResult ? result : result[..LongestResult] + "…")}");
        }
    }

    private static string Usage(IBench[] benches)
        => $"""
            usage: dotnet run -c Release --project tests/Mirror.Benchmarks -- [BENCH…] [OPTIONS]
              --brief       about a second and a small load for each bench, to see that all of them work
              --only LOAD   the load of that name, or those with that word in their name
              --seconds N   how long to measure each load
            Without BENCH, all but soak run; with --brief, soak too. The last table says how each load went; the exit code is 1 if one failed.

            {string.Join('\n', benches.Select(bench => $"  {bench.Name,-12} {bench.Description}{(bench.Options.Length == 0 ? "" : $"; {bench.Options}")}"))}
            """;
}
