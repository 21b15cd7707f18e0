using System.Globalization;
using System.Text.RegularExpressions;
using Mirror.EndToEnd.RealTime;

namespace Mirror.EndToEnd.Benchmarks;

/// <summary>The benchmarks, as the program that make bench starts: each of them works, and one that fails does not hide the others.</summary>
[Trait(TestRuns.Trait, TestRuns.RealTime)]
public sealed partial class BenchmarkTests
{
    private static readonly string[] Benches = ["allocations", "ingest", "latency", "cluster", "transcode", "http", "soak"];
    private static readonly string[] OptionalReferences = ["nginx"];     // make bench installs it, make test does not

    private static readonly TimeSpan LongestRun = TimeSpan.FromMinutes(2);           // takes half a minute on two cores

    [Fact]
    public async Task Each_bench_measures_something_in_a_brief_run()
    {
        (int code, string output) = await RunAsync(null, "--brief");
        Row[] rows = RowsOf(output);
        Assert.True(code == 0, output);
        Assert.All(Benches, bench => Assert.Contains(rows, row => row.Bench == bench && row.Figure > 0));
        Assert.All(rows, row => Assert.True(row.Figure > 0 || OptionalReferences.Contains(row.Load), $"{row.Load}: {row.Result}\n{output}"));
    }

    [Fact]
    public async Task A_load_that_fails_has_a_row_that_says_why_and_the_next_ones_are_measured()
    {
        string folder = Directory.CreateTempSubdirectory("mirror-wrk-").FullName;
        string wrk = Path.Combine(folder, "wrk");
        await File.WriteAllTextAsync(wrk, "#!/bin/sh\necho 'unable to connect'\n");
        File.SetUnixFileMode(wrk, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        try
        {
            (int code, string output) = await RunAsync(folder, "http", "--brief");
            Row[] rows = [.. RowsOf(output).Where(row => !OptionalReferences.Contains(row.Load))];
            Assert.True(code == 1, output);
            Assert.Equal(["h1 5k", "h2+TLS playlist"], rows.Select(row => row.Load));
            Assert.StartsWith("FAILED", rows[0].Result);
            Assert.Contains("unable to connect", rows[0].Result);
            Assert.True(rows[1].Figure > 0, output);
        }
        finally { Directory.Delete(folder, recursive: true); }
    }

    [Fact]
    public async Task Wrong_words_are_told_and_nothing_is_measured()
    {
        (int code, string output) = await RunAsync(null, "ingest", "--brif");
        Assert.Equal(2, code);
        Assert.Contains("There is no option --brif.", output);
        Assert.DoesNotContain("result", output);
    }

    private static async Task<(int Code, string Output)> RunAsync(string? firstInPath, params string[] words)
    {
        string program = Path.Combine(AppContext.BaseDirectory.Replace("Mirror.EndToEnd", "Mirror.Benchmarks"), "Mirror.Benchmarks");
        await using Tool bench = firstInPath is null
            ? Tool.Start(program, "", words)
            : Tool.Start("env", "", [$"PATH={firstInPath}:{Environment.GetEnvironmentVariable("PATH")}", program, .. words]);
        int code = await bench.ExitAsync().WaitAsync(LongestRun);
        return (code, await bench.Output + await bench.Errors);
    }

    /// <summary>The rows of the last table.</summary>
    private static Row[] RowsOf(string output)
        => [.. Regex.Split(output, "^bench +load +result\n", RegexOptions.Multiline)[^1].Split('\n').Select(line => RowLine().Match(line)).Where(match => match.Success)
            .Select(match => new Row(match.Groups[1].Value, match.Groups[2].Value, match.Groups[3].Value))];

    [GeneratedRegex(@"^(\w+) +(\S.*?) {2,}(ok .*|FAILED .*|not installed.*)$")]
    private static partial Regex RowLine();

    private sealed record Row(string Bench, string Load, string Result)
    {
        /// <summary>What was measured; 0 if nothing was.</summary>
        public double Figure => Result.Split(' ', StringSplitOptions.RemoveEmptyEntries) is ["ok", string figure, ..] ? double.Parse(figure, CultureInfo.InvariantCulture) : 0;
    }
}
