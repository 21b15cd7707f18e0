using Mirror.Fuzz;

namespace Mirror.IngestNode.Tests;

/// <summary>Every fuzz target on its sound inputs and the files of its corpus: whole, cut at every length, and mutated.</summary>
public class FuzzTargetTests
{
    private const int Mutations = 1_500;
    private const int MutationsOfSeed = 60;
    private const int MostLengths = 800;               // of one input; the longer ones are cut at every n-th byte

    public static TheoryData<string> TargetNames => new(FuzzTargets.All.Keys);

    [Theory, MemberData(nameof(TargetNames))]
    public void Sound_inputs_at_every_length(string name)
    {
        FuzzTarget target = FuzzTargets.All[name];
        foreach (byte[] input in target.Corpus) { ReadAtEveryLength(target, input); }
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
    public void Files_of_the_corpus(string name)
    {
        FuzzTarget target = FuzzTargets.All[name];
        foreach ((string file, byte[] input) in target.Seeds)
        {
            ReadAtEveryLength(target, input, file);
            var random = new Random(42);
            for (int i = 0; i < MutationsOfSeed; i++)
            {
                string? problem = target.TryRead(FuzzTarget.Mutate(input, random));
                Assert.True(problem is null, $"{file}, mutation {i}: {problem}");
            }
        }
    }

    [Fact]
    public void Every_target_has_files_and_every_file_has_a_target()
        => Assert.Equal(FuzzTargets.All.Keys.Order(StringComparer.Ordinal), SeedCorpus.Built.Targets.Where(target => SeedCorpus.Built.Inputs(target).Count > 0));

    [Theory, MemberData(nameof(TargetNames))]
    public void Every_file_says_what_it_is_for(string name)
    {
        IReadOnlyDictionary<string, string> notes = SeedCorpus.Built.Notes(name);
        Assert.Equal(SeedCorpus.Built.Inputs(name).Keys.Order(StringComparer.Ordinal), notes.Keys.Order(StringComparer.Ordinal));
        Assert.All(notes.Values, note => Assert.Matches("^(covers|fault:) .", note));
    }

    private static void ReadAtEveryLength(FuzzTarget target, byte[] input, string name = "")
    {
        int step = Math.Max(1, input.Length / MostLengths);
        for (int length = 0; length <= input.Length; length += step)
        {
            string? problem = target.TryRead(input[..length]);
            Assert.True(problem is null, $"{name} cut to {length} bytes: {problem}");
        }
        string? whole = target.TryRead(input);
        Assert.True(whole is null, $"{name}: {whole}");
    }
}
