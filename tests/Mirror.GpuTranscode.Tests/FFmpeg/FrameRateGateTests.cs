using Mirror.GpuTranscode.FFmpeg;
using Mirror.Media.Frames;

namespace Mirror.GpuTranscode.Tests.FFmpeg;

public sealed class FrameRateGateTests
{
    private static readonly Dictionary<string, (double Source, double Cap, int Skip, int Expected)> Cases = new()
    {
        ["60 under a cap of 30"] = (60, 30, 0, 300),
        ["50 under a cap of 30"] = (50, 30, 0, 300),
        ["50 under a cap of 25"] = (50, 25, 0, 250),
        ["29.97 under a cap of 30"] = (30_000 / 1001.0, 30, 0, 300),
        ["30 under a cap of 29.97"] = (30, 30_000 / 1001.0, 0, 300),
        ["25 under a cap of 60"] = (25, 60, 0, 250),
        ["no cap, every second left out"] = (30, 0, 1, 150),
        ["a cap, and two of three left out"] = (60, 30, 2, 100),
    };

    public static TheoryData<string> CaseNames => new(Cases.Keys);

    [Theory, MemberData(nameof(CaseNames))]
    public void As_many_pass_as_the_cap_allows_and_segment_starts_always(string name)
    {
        (double source, double cap, int skip, int expected) = Cases[name];
        var gate = new FrameRateGate(Rate(source), Rate(cap));
        int count = (int)Math.Round(source * 10);
        int perSegment = (int)Math.Round(source);
        int passed = 0;
        for (int i = 0; i < count; i++)
        {
            bool starts = i % perSegment == 0;
            bool admitted = gate.Admits((long)Math.Round(i * 90_000 / source) + i % 3, starts, skip);      // and a little jitter
            Assert.True(admitted || !starts);
            passed += admitted ? 1 : 0;
        }
        Assert.InRange(passed, expected - 1, expected + 10);     // a segment's start may come early, once a segment
    }

    private static Rational Rate(double rate) => rate == 0 ? Rational.Unknown : new Rational((uint)Math.Round(rate * 1001), 1001);
}
