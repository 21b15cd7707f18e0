using System.Diagnostics;
using System.Globalization;
using Mirror.Fuzz;

// Mirror.Fuzz --seconds 30 [--target NAME] [--seed N]: feeds mutated inputs to the parsers; adds those that go wrong to the corpus, and exits with 1 if any did.
string? Option(string name)
{
    int index = Array.IndexOf(args, name);
    return index >= 0 && index + 1 < args.Length ? args[index + 1] : null;
}

double seconds = double.Parse(Option("--seconds") ?? "30", CultureInfo.InvariantCulture);
int seed = int.Parse(Option("--seed") ?? "1", CultureInfo.InvariantCulture);
var corpus = new SeedCorpus(Option("--corpus") ?? Path.Combine("tests", "Mirror.Fuzz", "corpus"));
string? only = Option("--target");
if (only is not null && !FuzzTargets.All.ContainsKey(only))
{
    Console.Error.WriteLine($"Unknown target '{only}'. Targets: {string.Join(", ", FuzzTargets.All.Keys)}");
    return 2;
}
FuzzTarget[] targets = only is null ? [.. FuzzTargets.All.Values] : [FuzzTargets.All[only]];
int failures = 0;
foreach (FuzzTarget target in targets)
{
    var random = new Random(seed);
    long inputs = 0;
    var time = Stopwatch.StartNew();
    while (time.Elapsed.TotalSeconds < seconds / targets.Length)
    {
        byte[] input = target.Mutate(random);
        inputs++;
        if (target.TryRead(input) is not { } problem) { continue; }
        failures++;
        Console.Error.WriteLine($"{target.Name}: {corpus.Add(target.Name, input, problem)}: {problem}");
        break;
    }
    Console.WriteLine($"{target.Name}: {inputs} inputs");
}
return failures == 0 ? 0 : 1;
