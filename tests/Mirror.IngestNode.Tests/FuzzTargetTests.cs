using Mirror.Fuzz;

namespace Mirror.IngestNode.Tests;

/// <summary>Every fuzz target on its corpus cut at every length, on a few thousand mutations, and on all inputs that once went wrong.</summary>
public class FuzzTargetTests
{
    private const int Mutations = 1_500;

    public static TheoryData<string> TargetNames => new(FuzzTargets.All.Keys);

    [Theory, MemberData(nameof(TargetNames))]
    public void Sound_inputs_at_every_length(string name)
    {
        FuzzTarget target = FuzzTargets.All[name];
        foreach (byte[] input in target.Corpus)
        {
            int step = Math.Max(1, input.Length / 800);
            for (int length = 0; length <= input.Length; length += step) { Assert.Null(target.TryRead(input[..length])); }
            Assert.Null(target.TryRead(input));
        }
    }

    [Theory, MemberData(nameof(TargetNames))]
    public void Mutated_inputs(string name)
    {
        FuzzTarget target = FuzzTargets.All[name];
        var random = new Random(42);
        for (int i = 0; i < Mutations; i++)
        {
            byte[] input = target.Mutate(random);
            string? problem = target.TryRead(input);
            Assert.True(problem is null, $"mutation {i}: {problem}");
        }
    }

    [Theory, MemberData(nameof(TargetNames))]
    public void Inputs_that_once_went_wrong(string name)
    {
        FuzzTarget target = FuzzTargets.All[name];
        foreach (string path in target.Crashes(Path.Combine(AppContext.BaseDirectory, "testdata", "crashes"))) { Assert.Null(target.TryRead(File.ReadAllBytes(path))); }
    }
}
