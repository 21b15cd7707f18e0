using Mirror.Media.MpegTs;

namespace Mirror.Media.Tests.MpegTs;

public class TimestampUnwrapperTests
{
    private static readonly Dictionary<string, (long[] Input, long[] Expected)> Cases = new()
    {
        ["wraps forward past 2^33"] = ([0x1_FFFF_FFF0, 0x10], [0x1_FFFF_FFF0, 0x2_0000_0010]),
        ["B-frame reorder steps back"] = ([9_000, 15_000, 12_000], [9_000, 15_000, 12_000]),
        ["steps back across its first zero"] = ([0x10, 0x1_FFFF_FFF0], [0x10, -0x10]),
        ["B-frame reorder across the wrap"] = ([0x1_FFFF_FFF0, 0x20, 0x1_FFFF_FFFF, 0x30], [0x1_FFFF_FFF0, 0x2_0000_0020, 0x1_FFFF_FFFF, 0x2_0000_0030]),
        ["wraps twice"] = ([0x1_8000_0000, 0x0_4000_0000, 0x1_0000_0000, 0x1_C000_0000, 0x0_8000_0000],
            [0x1_8000_0000, 0x2_4000_0000, 0x3_0000_0000, 0x3_C000_0000, 0x4_8000_0000]),
    };

    public static TheoryData<string> CaseNames => new(Cases.Keys);

    [Theory, MemberData(nameof(CaseNames))]
    public void Unwrap_keeps_the_timeline_continuous(string name)
        => Assert.Equal(Cases[name].Expected, Cases[name].Input.Select(new TimestampUnwrapper().Unwrap));

    [Theory]
    [InlineData(-1)]
    [InlineData(1L << 33)]
    public void Values_outside_33_bits_are_a_bug(long value) => Assert.Throws<ArgumentOutOfRangeException>(() => new TimestampUnwrapper().Unwrap(value));

    [Fact]
    public void A_look_does_not_move_the_reference()
    {
        var unwrapper = new TimestampUnwrapper();
        Assert.Equal(5, unwrapper.Nearest(5));
        unwrapper.Advance((1L << 33) * 3);
        Assert.Equal((1L << 33) * 3 + 5, unwrapper.Nearest(5));
        Assert.Equal((1L << 33) * 3, unwrapper.Last);
        unwrapper.Reset();
        Assert.Equal(5, unwrapper.Unwrap(5));
    }
}
