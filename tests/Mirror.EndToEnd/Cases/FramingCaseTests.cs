using Mirror.EndToEnd.Media;

namespace Mirror.EndToEnd.Cases;

/// <summary>Packets of other lengths, and what is no transport stream.</summary>
public sealed class FramingCaseTests(SharedMirror fixture, ITestOutputHelper output) : IClassFixture<SharedMirror>
{
    private const double BitsPerSecond = 230_000;

    /// <summary>B16: packets of 192 bytes, in messages that hold whole ones and in messages that do not.</summary>
    [Theory]
    [InlineData(1344)]
    [InlineData(1316)]
    [InlineData(1000)]
    public async Task Packets_of_192_bytes_are_carried(int messageBytes)
    {
        CaseFile file = CaseFile.Read("B16-192.ts", BitsPerSecond);
        IReadOnlyList<Frame>[] played = await PlayCase.RenditionsAsync(fixture.Mirror, file, $"m2ts{messageBytes}", ["source", "audio"], new CasePace { MessageBytes = messageBytes });
        output.WriteLine($"{played[0].Count} frames, {played[1].Count} of audio");
        PlayCase.AssertEven(played[0], 0.04);
        PlayCase.AssertEven(played[1], 1024 / 48_000.0);
        Assert.True(played[0].Count > 180 && played[1].Count > 300, "most of it");
    }

    [Fact]
    public async Task What_is_no_transport_stream_is_named()
    {
        await using Tool push = Tool.Start("ffmpeg", "-v error -re -f lavfi -i testsrc2=size=160x90:rate=25 -c:v libx264 -preset ultrafast -f matroska", fixture.Mirror.SrtUrl("mkv"));
        await fixture.Mirror.WaitForStatusAsync("mkv", "degraded");
        await fixture.Mirror.WaitForReasonAsync("mkv", "Matroska");
    }
}
