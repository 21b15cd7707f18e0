using Mirror.EndToEnd.Media;

namespace Mirror.EndToEnd.Cases;

/// <summary>Streams whose program tables list what does not come, or change.</summary>
public sealed class ProgramCaseTests(SharedMirror fixture, ITestOutputHelper output) : IClassFixture<SharedMirror>
{
    /// <summary>B13: the first programme has no map, or only private data. B14: the map lists its streams in another order.</summary>
    [Theory]
    [InlineData("B13-absent.ts")]
    [InlineData("B13-data.ts")]
    [InlineData("B14-reorder.ts")]
    public async Task What_can_be_carried_is_played_without_a_discontinuity(string name)
    {
        IReadOnlyList<Frame>[] played = await PlayCase.RenditionsAsync(fixture.Mirror, CaseFile.Read(name), "source", "audio");
        output.WriteLine($"{name}: {played[0].Count} frames, {played[1].Count} of audio");
        PlayCase.AssertEven(played[0], 0.04);
        PlayCase.AssertEven(played[1], 1024 / 48_000.0);
        Assert.True(played[0].Count > 150 && played[1].Count > 250, "most of it");
    }
}
