using Mirror.Media.Codecs;
using Mirror.Media.Codecs.H264;
using Mirror.Media.Frames;

namespace Mirror.Media.Tests.Codecs.H264;

public class H264Tests
{
    private sealed record Vector(string Sps, string Pps, string Configuration)
    {
        public required Func<H264Sps, object> Actual { get; init; }
        public required object Expected { get; init; }
    }

    /// <summary>Parameter sets of x264, with the avcC that FFmpeg writes for them.</summary>
    private static readonly Dictionary<string, Vector> Cases = new()
    {
        ["baseline 1080p25, cropped"] = new("6742C028DA01E0089F97011000000300100000030320F1832A", "68CE0FC8",
            "0142C028FFE100196742C028DA01E0089F97011000000300100000030320F1832A01000468CE0FC8")
        {
            Actual = s => (s.Width, s.Height, s.FrameRate, s.IsFixedFrameRate, s.ReorderDepth, AvcDecoderConfiguration.CodecString(s)),
            Expected = (1920, 1080, new Rational(25, 1), false, 0, "avc1.42C028"),
        },
        ["NTSC rate and wide samples"] = new("6742C01ED900A02FF970E100000303E90000EA600F162E48", "68CB83CB20",
            "0142C01EFFE100186742C01ED900A02FF970E100000303E90000EA600F162E4801000568CB83CB20")
        {
            Actual = s => (s.Width, s.Height, s.FrameRate, s.Usability.SampleAspectRatio, s.MaxNumReorderFrames),
            Expected = (640, 360, new Rational(30_000, 1_001), new Rational(4, 3), (int?)0),
        },
        ["interlaced with HRD and BT.709"] = new("6764001EACD940B424D80B50101014000003000400000300C9898003D090007A13930C03E28532C0", "68FBACB22C",
            "0164001EFFE100286764001EACD940B424D80B50101014000003000400000300C9898003D090007A13930C03E28532C001000568FBACB22CFDF8F800")
        {
            Actual = s => (s.Width, s.Height, s.FrameMbsOnly, s.FrameRate, s.Usability.Colour, s.ReorderDepth),
            Expected = (720, 576, false, new Rational(25, 1), new ColourDescription(1, 1, 1, false), 2),
        },
        ["4:2:2, ten bits, odd crop"] = new("677A001FB6CD940A42FE227C0440000003004000001903C60C6580", "68EBE3CB22C0",
            "017A001FFFE1001B677A001FB6CD940A42FE227C0440000003004000001903C60C658001000668EBE3CB22C0FEFAFA00")
        {
            Actual = s => (s.Width, s.Height, s.ChromaFormatIdc, s.BitDepthLuma, s.BitDepthChroma, s.FrameRate),
            Expected = (642, 362, 2, 10, 10, new Rational(50, 1)),
        },
        ["4:4:4, full range"] = new("67F4001F919B281485FC7C4E02D9000003000100000300780F183196", "68EBE3C44844",
            "01F4001FFFE1001C67F4001F919B281485FC7C4E02D9000003000100000300780F18319601000668EBE3C44844FFF8F800")
        {
            Actual = s => (s.Width, s.Height, s.ChromaFormatIdc, s.Usability.Colour.FullRange, s.FrameRate),
            Expected = (642, 360, 3, true, new Rational(60, 1)),
        },
    };

    public static TheoryData<string> CaseNames => new(Cases.Keys);

    private static H264Sps Sps(string hex)
    {
        Assert.True(H264Sps.TryParse(Convert.FromHexString(hex), out H264Sps? sps));
        return sps!;
    }

    private static H264Pps Pps(string hex)
    {
        Assert.True(H264Pps.TryParse(Convert.FromHexString(hex), out H264Pps? pps));
        return pps!;
    }

    [Theory, MemberData(nameof(CaseNames))]
    public void Sequence_parameter_sets_are_read(string name) => Assert.Equal(Cases[name].Expected, Cases[name].Actual(Sps(Cases[name].Sps)));

    [Theory, MemberData(nameof(CaseNames))]
    public void The_configuration_record_is_the_one_that_ffmpeg_writes(string name)
    {
        Vector vector = Cases[name];
        byte[] record = AvcDecoderConfiguration.Build(Sps(vector.Sps), [Convert.FromHexString(vector.Sps)], [Convert.FromHexString(vector.Pps)]);
        Assert.Equal(vector.Configuration, Convert.ToHexString(record));
    }

    [Theory, MemberData(nameof(CaseNames))]
    public void A_parameter_set_cut_short_or_damaged_never_throws(string name)
    {
        byte[] bytes = Convert.FromHexString(Cases[name].Sps);
        for (int length = 0; length < 9; length++) { Assert.False(H264Sps.TryParse(bytes.AsSpan(0, length), out _)); }
        var random = new Random(11);
        for (int i = 0; i < 5_000; i++)
        {
            byte[] damaged = bytes[..random.Next(bytes.Length + 1)];
            for (int flips = random.Next(4); flips > 0 && damaged.Length > 0; flips--) { damaged[random.Next(damaged.Length)] ^= (byte)(1 << random.Next(8)); }
            if (H264Sps.TryParse(damaged, out H264Sps? sps))
            {
                Assert.InRange(sps!.Width, 1, 16_384);
                Assert.InRange(sps.Height, 1, 16_384);
                Assert.InRange(sps.ReorderDepth, 0, 16);
            }
            _ = H264Pps.TryParse(damaged, out _);
            _ = H264SliceHeader.TryParse(damaged, Sps(Cases[name].Sps), Pps(Cases[name].Pps), out _);
        }
    }

    [Fact]
    public void A_vui_cut_short_leaves_the_rest_usable()
    {
        byte[] bytes = Convert.FromHexString("6742C028DA01E0089F97011000000300100000030320F1832A");
        Assert.True(H264Sps.TryParse(bytes.AsSpan(0, 14), out H264Sps? sps));
        Assert.Equal((1920, 1080, false), (sps!.Width, sps.Height, sps.FrameRate.IsKnown));
    }

    [Theory]
    [InlineData("baseline 1080p25, cropped", "6588843A0C6001E202215C215554E857B00C4E00", SliceType.I, true, 3, 0u)]
    [InlineData("baseline 1080p25, cropped", "419A21AF0CC3879EE69E42000100300E164C2000", SliceType.P, false, 2, 1u)]
    [InlineData("4:2:2, ten bits, odd crop", "019E41790D7FF285266944A731B476FCB48F6EF6", SliceType.B, false, 0, 2u)]
    public void Slice_headers_of_x264(string name, string slice, SliceType type, bool isIdr, int nalRefIdc, uint frameNum)
    {
        Assert.True(H264SliceHeader.TryParse(Convert.FromHexString(slice), Sps(Cases[name].Sps), Pps(Cases[name].Pps), out H264SliceHeader header));
        Assert.Equal((0u, type, isIdr, nalRefIdc, frameNum), (header.FirstMbInSlice, header.SliceType, header.IsIdr, header.NalRefIdc, header.FrameNum));
    }

    [Fact]
    public void Two_fields_of_opposite_parity_make_a_frame()
    {
        H264Sps sps = Sps(Cases["interlaced with HRD and BT.709"].Sps);
        H264Pps pps = Pps(Cases["interlaced with HRD and BT.709"].Pps);
        Assert.True(sps.FrameNumBits is > 3 and < 17);

        // first_mb 0, slice_type 7 (I), pps 0, frame_num 2, field_pic 1, bottom_field b, poc lsb
        static string Bits(int frameNum, int bits, int bottom) => "1" + "0001000" + "1" + Convert.ToString(frameNum, 2).PadLeft(bits, '0') + "1" + bottom + new string('1', 40);
        H264SliceHeader Field(byte header, int frameNum, int bottom)
        {
            string bits = Bits(frameNum, sps.FrameNumBits, bottom);
            byte[] nalUnit = [header, .. Enumerable.Range(0, bits.Length / 8).Select(i => Convert.ToByte(bits.Substring(i * 8, 8), 2))];
            Assert.True(H264SliceHeader.TryParse(nalUnit, sps, pps, out H264SliceHeader parsed));
            return parsed;
        }
        H264SliceHeader top = Field(0x41, 2, 0);
        Assert.True(top.IsField);
        Assert.True(Field(0x41, 2, 1).CompletesFrameOf(top));
        Assert.False(Field(0x41, 2, 0).CompletesFrameOf(top));        // same parity
        Assert.False(Field(0x41, 3, 1).CompletesFrameOf(top));        // another frame
        Assert.False(Field(0x01, 2, 1).CompletesFrameOf(top));        // not a reference field
    }

    [Theory]
    [InlineData("06060184" + "80", true, 0u)]                            // recovery_frame_cnt 0: ue '1'
    [InlineData("0605021122" + "060144" + "80", true, 0u)]              // behind another message; '010' is 1
    [InlineData("0605021122" + "80", false, 0u)]
    [InlineData("0606", false, 0u)]
    public void Recovery_points_are_found(string hex, bool expected, uint _)
        => Assert.Equal(expected, SeiReader.TryFindRecoveryPoint(Convert.FromHexString(hex), 1, out uint _));

    [Fact]
    public void Recovery_frame_count()
    {
        Assert.True(SeiReader.TryFindRecoveryPoint([6, 6, 1, 0b0001_1001, 0x80], 1, out uint count));
        Assert.Equal(0b1100u - 1, count);
    }

    [Fact]
    public void Measured_rates_snap_to_the_nearest_standard_one()
    {
        Assert.Equal(new Rational(30_000, 1_001), FrameRates.FromMeasured(29.9702));
        Assert.Equal(new Rational(30, 1), FrameRates.FromMeasured(29.999));
        Assert.Equal(new Rational(24_000, 1_001), FrameRates.FromMeasured(23.976));
        Assert.Equal(new Rational(171, 10), FrameRates.FromMeasured(17.1));
        Assert.Equal(Rational.Unknown, FrameRates.FromMeasured(double.NaN));
        Assert.Equal(Rational.Unknown, FrameRates.FromMeasured(double.PositiveInfinity));
        Assert.Equal(Rational.Unknown, FrameRates.FromTicks(uint.MaxValue, 1));
    }
}
