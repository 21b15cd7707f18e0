using System.Globalization;
using Mirror.EndToEnd.Media;

namespace Mirror.EndToEnd.Cases;

/// <summary>Pictures that come seldom or at uneven times: each is delivered, when it was.</summary>
public sealed class LowRateCaseTests(SharedMirror fixture) : IClassFixture<SharedMirror>
{
    /// <summary>B06: a picture every 2 s.</summary>
    [Fact]
    public async Task A_picture_every_two_seconds_is_delivered()
    {
        CaseFile file = CaseFile.Read("B06.ts");
        IReadOnlyList<Frame>[] played = await PlayCase.RenditionsAsync(fixture.Mirror, file, "source");
        Assert.Equal(12, played[0].Count);
        PlayCase.AssertEven(played[0], 2);
    }

    /// <summary>A camera of a rate just under 1, and a screen that sends a picture when something changes.</summary>
    [Theory]
    [InlineData("fps=1000/1001", 4)]
    [InlineData("select='gt(random(1),0.9)'", 10)]
    public async Task Every_picture_is_delivered_in_both_renditions(string filter, int gop)
    {
        using CaseEdit file = await CaseEdit.EncodeAsync($"-f lavfi -i testsrc2=s=640x480:r=25 -f lavfi -i sine=r=48000 -t 16 -vf {filter} -fps_mode vfr -c:v libx264 -preset ultrafast -g {gop} -c:a aac");
        string sent = await Tool.RunAsync("ffprobe", $"-v error -select_streams v -show_entries packet=pts_time -of csv=p=0 {file.Path}");
        double[] times = [.. sent.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => double.Parse(line.TrimEnd(','), CultureInfo.InvariantCulture))];
        IReadOnlyList<Frame>[] played = await PlayCase.RenditionsAsync(fixture.Mirror, file.Case, "source", "360p");
        Assert.All(played, frames => Assert.Equal(times.Select(time => At(time - times[0])), frames.Select(frame => At(frame.Seconds - frames[0].Seconds))));
    }

    /// <summary>To a hundredth of a second; times of 25 and of 1000/1001 fps are not on its edges.</summary>
    private static double At(double seconds) => Math.Floor(seconds * 100 + 0.25) / 100;
}
