using Mirror.Media.Codecs;
using Mirror.Media.Codecs.Av1;
using Mirror.Media.Frames;

namespace Mirror.Media.Tests.Codecs.Av1;

public class Av1Tests
{
    private static readonly byte[] Svt = Convert.FromHexString("0A0B000000043CFECCFBF90040");                // SVT-AV1: 320 × 180
    private static readonly byte[] Aom = Convert.FromHexString("0A0E000000043D06D4DAF95091009040");     // libaom: 322 × 182, ten bits, PQ
    private static readonly byte[] KeyFrame = [0x32, 0x02, 0x10, 0x00];
    private static readonly byte[] HiddenKeyFrame = [0x32, 0x02, 0x00, 0x00];
    private static readonly byte[] IntraFrame = [0x32, 0x02, 0x50, 0x00];
    private static readonly byte[] InterFrame = [0x32, 0x02, 0x30, 0x00];
    private static readonly byte[] ShownExisting = [0x1A, 0x01, 0xE8];
    private static readonly byte[] Delimiter = [0x12, 0x00];

    [Theory]
    [InlineData(false, 320, 180, 8, "av01.0.00M.08", "81000C00")]
    [InlineData(true, 322, 182, 10, "av01.0.00M.10.0.110.09.16.09.0", "81004C00")]
    public void Sequence_headers_and_decoder_configurations(bool isAom, int width, int height, int depth, string codec, string configuration)
    {
        byte[] bytes = isAom ? Aom : Svt;
        ReadOnlySpan<byte> rest = bytes;
        Assert.True(Av1Obu.TryRead(ref rest, out Av1Obu obu));
        Assert.True(rest.IsEmpty);
        Assert.Equal(Av1ObuType.SequenceHeader, obu.Type);
        Assert.True(Av1SequenceHeader.TryParse(obu.Payload, out Av1SequenceHeader? header));
        Assert.Equal((width, height, depth, 0), (header!.Width, header.Height, header.BitDepth, header.Profile));
        Assert.Equal(codec, Av1DecoderConfiguration.CodecString(header));
        Assert.Equal(configuration + Convert.ToHexString(bytes), Convert.ToHexString(Av1DecoderConfiguration.Build(header, obu)));      // as FFmpeg writes them
        for (int cut = 0; cut < obu.Payload.Length - 1; cut++) { Assert.False(Av1SequenceHeader.TryParse(obu.Payload[..cut], out _)); }
        for (int cut = 0; cut < bytes.Length; cut++)
        {
            rest = bytes.AsSpan(0, cut);
            Assert.False(Av1Obu.TryRead(ref rest, out _));
        }
    }

    [Theory]
    [InlineData("1203AABBCC", Av1ObuType.TemporalDelimiter, 3, 0, 0)]
    [InlineData("10AABBCC", Av1ObuType.TemporalDelimiter, 3, 0, 0)]              // without size
    [InlineData("3648" + "02AABB", Av1ObuType.Frame, 2, 2, 1)]                   // with layers
    [InlineData("3448AABB", Av1ObuType.Frame, 2, 2, 1)]
    [InlineData("328300AABBCC", Av1ObuType.Frame, 3, 0, 0)]               // a size longer than it needs to be
    public void Units_with_and_without_size(string hex, Av1ObuType type, int length, int temporal, int spatial)
    {
        ReadOnlySpan<byte> rest = Convert.FromHexString(hex);
        Assert.True(Av1Obu.TryRead(ref rest, out Av1Obu obu));
        Assert.True(rest.IsEmpty);
        Assert.Equal((type, length, temporal, spatial), (obu.Type, obu.Payload.Length, obu.TemporalId, obu.SpatialId));
        var written = new byte[obu.WrittenLength];
        obu.WriteTo(written);
        rest = written;
        Assert.True(Av1Obu.TryRead(ref rest, out Av1Obu again));
        Assert.True(rest.IsEmpty && again.Type == type && again.Payload.SequenceEqual(obu.Payload) && again.TemporalId == temporal && again.SpatialId == spatial);
    }

    [Theory]
    [InlineData("92020000")]              // forbidden bit
    [InlineData("3203AABB")]              // size beyond the end
    [InlineData("32FFFFFFFF1F")]          // size of 2^33
    [InlineData("328080808080808080")]    // a size that does not end
    [InlineData("36")]
    public void Impossible_units_are_refused(string hex)
    {
        ReadOnlySpan<byte> rest = Convert.FromHexString(hex);
        Assert.False(Av1Obu.TryRead(ref rest, out _));
    }

    [Fact]
    public void A_large_unit_is_written_with_a_size_of_three_bytes()
    {
        ReadOnlySpan<byte> rest = (byte[])[0x30, .. new byte[20_000]];
        Assert.True(Av1Obu.TryRead(ref rest, out Av1Obu obu));
        var written = new byte[obu.WrittenLength];
        obu.WriteTo(written);
        Assert.Equal([0x32, 0xA0, 0x9C, 0x01], written[..4]);
    }

    private static readonly Dictionary<string, (byte[][] Obus, FrameType FrameType, RandomAccessKind Kind)> Units = new()
    {
        ["a sequence starts"] = ([Delimiter, Svt, KeyFrame], FrameType.Key, RandomAccessKind.Refresh),
        ["a key frame without sequence header"] = ([Delimiter, KeyFrame], FrameType.Intra, RandomAccessKind.None),
        ["a key frame not shown"] = ([Delimiter, Svt, HiddenKeyFrame, InterFrame], FrameType.Predicted, RandomAccessKind.None),
        ["an intra frame"] = ([Delimiter, Svt, IntraFrame], FrameType.Intra, RandomAccessKind.None),
        ["an inter frame"] = ([Delimiter, InterFrame], FrameType.Predicted, RandomAccessKind.None),
        ["a frame decoded before"] = ([Delimiter, ShownExisting], FrameType.Predicted, RandomAccessKind.None),
    };

    public static TheoryData<string> UnitNames => new(Units.Keys);

    [Theory, MemberData(nameof(UnitNames))]
    public void Temporal_units(string name)
    {
        var syntax = new Av1Syntax(1);
        syntax.BeginUnit();
        ReadOnlySpan<byte> first = Svt;
        Av1Obu.TryRead(ref first, out Av1Obu header);
        syntax.Read(header);
        syntax.BeginUnit();
        Assert.False(syntax.HasPicture);
        foreach (byte[] bytes in Units[name].Obus)
        {
            ReadOnlySpan<byte> rest = bytes;
            Assert.True(Av1Obu.TryRead(ref rest, out Av1Obu obu));
            Assert.Equal(obu.Type != Av1ObuType.TemporalDelimiter, syntax.Read(obu));
        }
        Assert.True(syntax.HasPicture);
        Assert.Equal((Units[name].FrameType, Units[name].Kind), (syntax.Picture.FrameType, syntax.Picture.RandomAccess));
        Assert.Equal((Codec.Av1, 320), (syntax.Picture.Track!.Codec, syntax.Picture.Track.Width));
    }
}
