using Mirror.Media.Codecs;
using Mirror.Media.Codecs.H265;
using Mirror.Media.Frames;

namespace Mirror.Media.Tests.Codecs.H265;

public class H265Tests
{
    private sealed record Vector(string Vps, string Sps, string Pps, string Head)
    {
        public required Func<H265Sps, object> Actual { get; init; }
        public required object Expected { get; init; }
    }

    /// <summary>Parameter sets of x265, with the first 23 bytes of the hvcC that FFmpeg writes for them.</summary>
    private static readonly Dictionary<string, Vector> Cases = new()
    {
        ["Main 1080p25"] = new("40010C01FFFF016000000300900000030000030078959809",
            "420101016000000300900000030000030078A003C08010E596566924CAF0168080000003008000000C84", "4401C172B46240",
            "0101600000009000000000" + "0078F000FCFDF8F800000F03")
        {
            Actual = s => (s.Width, s.Height, s.FrameRate, s.ReorderDepth, s.SubLayers, HevcDecoderConfiguration.CodecString(s)),
            Expected = (1920, 1080, new Rational(25, 1), 2, 1, "hvc1.1.6.L120.90"),
        },
        ["Main 10, PQ, scaling lists, HRD"] = new("40010C01FFFF02200000030090000003000003005A959409",
            "42010102200000030090000003000003005AA005120171C92365959649395E02D42440241000003E90000EA60609C987E000F424001E8488", "4401C172B46240",
            "010220000000900000000000" + "5AF000FCFDFAFA00000F03")
        {
            Actual = s => (s.Width, s.Height, s.BitDepthLuma, s.FrameRate, s.Usability.Colour, HevcDecoderConfiguration.CodecString(s)),
            Expected = (642, 362, 10, new Rational(60_000, 1_001), new ColourDescription(9, 16, 9, false), "hvc1.2.4.L90.90"),
        },
        ["high tier"] = new("40010C01FFFF216000000300900000030000030096928090",
            "420101216000000300900000030000030096A0050201696592A4932BC05A020000030002000003003C10", "4401C172B46240",
            "012160000000900000000000" + "96F000FCFDF8F800000F03")
        {
            Actual = s => (s.Width, s.Height, s.FrameRate, s.ReorderDepth, HevcDecoderConfiguration.CodecString(s)),
            Expected = (640, 360, new Rational(30, 1), 0, "hvc1.1.6.H150.90"),
        },
    };

    public static TheoryData<string> CaseNames => new(Cases.Keys);

    private static H265Sps Sps(string hex)
    {
        Assert.True(H265Sps.TryParse(Convert.FromHexString(hex), out H265Sps? sps));
        return sps!;
    }

    private static H265Pps Pps(string hex)
    {
        Assert.True(H265Pps.TryParse(Convert.FromHexString(hex), out H265Pps? pps));
        return pps!;
    }

    [Theory, MemberData(nameof(CaseNames))]
    public void Sequence_parameter_sets_are_read(string name) => Assert.Equal(Cases[name].Expected, Cases[name].Actual(Sps(Cases[name].Sps)));

    [Theory, MemberData(nameof(CaseNames))]
    public void The_configuration_record_is_the_one_that_ffmpeg_writes(string name)
    {
        Vector vector = Cases[name];
        byte[] record = HevcDecoderConfiguration.Build(Sps(vector.Sps), [Convert.FromHexString(vector.Vps)], [Convert.FromHexString(vector.Sps)], [Convert.FromHexString(vector.Pps)]);
        string expected = vector.Head + string.Concat(new[] { ("A0", vector.Vps), ("A1", vector.Sps), ("A2", vector.Pps) }
            .Select(a => $"{a.Item1}0001{a.Item2.Length / 2:X4}{a.Item2}"));
        Assert.Equal(expected, Convert.ToHexString(record));
    }

    [Theory]
    [InlineData(1, 0x6000_0000u, 0xB000_0000_0000ul, 93, "hvc1.1.6.L93.B0")]
    [InlineData(2, 0x2000_0000u, 0xB000_0000_0000ul, 120, "hvc1.2.4.L120.B0")]
    [InlineData(1, 0x6000_0000u, 0ul, 30, "hvc1.1.6.L30")]
    [InlineData(4, 0x0800_0000u, 0x9D08_0000_0000ul, 153, "hvc1.4.10.L153.9D.8")]
    public void Codec_strings(int profile, uint compatibility, ulong constraints, int level, string expected)
        => Assert.Equal(expected, HevcDecoderConfiguration.CodecString(new H265Sps
        {
            Id = 0,
            Width = 16,
            Height = 16,
            ProfileTierLevel = new H265ProfileTierLevel(0, false, (byte)profile, compatibility, constraints, (byte)level),
        }));

    [Theory]
    [InlineData("Main 1080p25", "2801AF1D088D2D892085944961F409504542D712", SliceType.I)]
    [InlineData("Main 1080p25", "0201D0115784318E044688308A23F110C0EC8674", SliceType.P)]
    [InlineData("Main 1080p25", "0001E024BF861484460B70708380338130170080", SliceType.B)]
    public void Slice_headers_of_x265(string name, string slice, SliceType type)
    {
        Assert.True(H265SliceHeader.TryParsePpsId(Convert.FromHexString(slice), out int ppsId));
        Assert.Equal(0, ppsId);
        Assert.True(H265SliceHeader.TryParse(Convert.FromHexString(slice), Sps(Cases[name].Sps), Pps(Cases[name].Pps), out H265SliceHeader header));
        Assert.Equal(type, header.SliceType);
    }

    [Theory, MemberData(nameof(CaseNames))]
    public void A_parameter_set_cut_short_or_damaged_never_throws(string name)
    {
        byte[] bytes = Convert.FromHexString(Cases[name].Sps);
        for (int length = 0; length < 20; length++) { Assert.False(H265Sps.TryParse(bytes.AsSpan(0, length), out _)); }
        var random = new Random(12);
        for (int i = 0; i < 5_000; i++)
        {
            byte[] damaged = bytes[..random.Next(bytes.Length + 1)];
            for (int flips = random.Next(4); flips > 0 && damaged.Length > 0; flips--) { damaged[random.Next(damaged.Length)] ^= (byte)(1 << random.Next(8)); }
            if (H265Sps.TryParse(damaged, out H265Sps? sps))
            {
                Assert.InRange(sps!.Width, 1, 16_384);
                Assert.InRange(sps.Height, 1, 16_384);
            }
            _ = H265Pps.TryParse(damaged, out _);
            _ = H265SliceHeader.TryParse(damaged, Sps(Cases[name].Sps), Pps(Cases[name].Pps), out _);
        }
    }

    [Fact]
    public void A_vui_cut_short_leaves_the_rest_usable()
    {
        byte[] bytes = Convert.FromHexString(Cases["Main 1080p25"].Sps);
        Assert.True(H265Sps.TryParse(bytes.AsSpan(0, bytes.Length - 6), out H265Sps? sps));
        Assert.Equal((1920, 1080, false), (sps!.Width, sps.Height, sps.FrameRate.IsKnown));
    }
}
