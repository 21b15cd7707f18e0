using Mirror.EndToEnd.Media;

namespace Mirror.EndToEnd.Cases;

/// <summary>Streams whose timestamps are wrong or missing.</summary>
public sealed class TimestampCaseTests(SharedMirror fixture, ITestOutputHelper output) : IClassFixture<SharedMirror>
{
    private const double Frame = 0.04;

    /// <summary>B12: one predicted frame in two seconds stamped hours off. B23: PTS on some frames only, with B-frames.</summary>
    [Theory]
    [InlineData("B12-predicted.ts")]
    [InlineData("B23-sparse.ts")]
    public async Task Frames_with_wrong_or_missing_timestamps_are_played_in_order_and_evenly(string name)
    {
        IReadOnlyList<Frame>[] played = await PlayCase.RenditionsAsync(fixture.Mirror, CaseFile.Read(name), "source");
        output.WriteLine($"{name}: {played[0].Count} frames");
        PlayCase.AssertEven(played[0], Frame);
    }
}
