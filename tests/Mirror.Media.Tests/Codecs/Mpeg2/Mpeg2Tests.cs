using Mirror.Media.Codecs;
using Mirror.Media.Codecs.Mpeg2;
using Mirror.Media.Frames;

namespace Mirror.Media.Tests.Codecs.Mpeg2;

public class Mpeg2Tests
{
    // 1920 × 1088, 16:9, 29.97 fps, Main profile at High level, display 1920 × 1080 in BT.709.
    private static readonly byte[] Header = Convert.FromHexString("B3780440" + "34FFFFE000");
    private static readonly byte[] Extension = Convert.FromHexString("B5148200010000");
    private static readonly byte[] Display = Convert.FromHexString("B52B0101011E0221C0");
    private static readonly byte[] FrameExtension = Convert.FromHexString("B58FFFF35880");
    private static readonly byte[] TopFieldExtension = Convert.FromHexString("B58FFFF15880");
    private static readonly byte[] BottomFieldExtension = Convert.FromHexString("B58FFFF25880");
    private static readonly byte[] ClosedGroup = Convert.FromHexString("B800080040");
    private static readonly byte[] OpenGroup = Convert.FromHexString("B800080000");
    private static readonly byte[] BrokenGroup = Convert.FromHexString("B800080020");

    [Fact]
    public void Sequence_header_with_extensions()
    {
        Assert.True(Mpeg2Sequence.TryParse(Header, out Mpeg2Sequence? sequence));
        Mpeg2Sequence whole = sequence!.With(Extension).With(Display);
        Assert.Equal((1920, 1088, new Rational(30_000, 1_001), "mp4v.61", false), (whole.Width, whole.Height, whole.FrameRate, whole.CodecString, whole.IsLowDelay));
        Assert.Equal((1920, 1080, new ColourDescription(1, 1, 1, false)), (whole.DisplayWidth, whole.DisplayHeight, whole.Colour));
        Assert.Equal(new Rational(1, 1), whole.SampleAspectRatio);
        for (int cut = 0; cut < 8; cut++) { Assert.False(Mpeg2Sequence.TryParse(Header.AsSpan(0, cut), out _)); }
        for (int cut = 0; cut < Extension.Length; cut++) { Assert.Equal(sequence, sequence.With(Extension.AsSpan(0, cut))); }
        for (int cut = 0; cut < Display.Length; cut++) { Assert.Equal(sequence, sequence.With(Display.AsSpan(0, cut))); }
    }

    [Theory]
    [InlineData(2, 16, 15)]       // 4:3
    [InlineData(3, 64, 45)]       // 16:9
    [InlineData(1, 1, 1)]
    [InlineData(9, 1, 1)]         // reserved
    public void The_shape_of_samples_follows_from_that_of_the_picture(int aspect, uint across, uint down)
    {
        byte[] pal = Convert.FromHexString("B32D0240" + "13FFFFE000");
        pal[4] = (byte)(aspect << 4 | 3);
        Assert.True(Mpeg2Sequence.TryParse(pal, out Mpeg2Sequence? sequence));
        Assert.Equal(new Rational(across, down), sequence!.With(Convert.FromHexString("B51482000100" + "00")).SampleAspectRatio);
    }

    [Theory]
    [InlineData("closed group", "K", RandomAccessKind.Refresh)]
    [InlineData("open group", "K", RandomAccessKind.OpenGop)]
    [InlineData("broken group", "K", RandomAccessKind.OpenGop)]
    [InlineData("no group", "K", RandomAccessKind.OpenGop)]
    public void An_intra_picture_is_a_random_access_point(string group, string letter, RandomAccessKind expected)
    {
        var syntax = new Mpeg2Syntax(1);
        ReadSequence(syntax);
        byte[]? header = group switch { "closed group" => ClosedGroup, "open group" => OpenGroup, "broken group" => BrokenGroup, _ => null };
        if (header is not null) { Assert.Equal(NalUnitRole.PrecedesPicture, syntax.Read(header, out _)); }
        Assert.Equal(NalUnitRole.StartsPicture, syntax.Read(Picture(0, 1), out bool isSample));
        Assert.True(isSample);
        syntax.BeginPicture();
        Assert.Equal("K", letter);
        Assert.Equal((FrameType.Key, expected, group == "broken group"), (syntax.Picture.FrameType, syntax.Picture.RandomAccess, syntax.Picture.IsBrokenLink));
        Assert.Equal((Codec.Mpeg2Video, 1920, 1088, 1), (syntax.Picture.Track!.Codec, syntax.Picture.Track.Width, syntax.Picture.Track.Height, syntax.Picture.Track.ReorderDepth));
    }

    [Fact]
    public void Pictures_behind_an_open_intra_picture_lead_to_it()
    {
        var syntax = new Mpeg2Syntax(1);
        ReadSequence(syntax);
        syntax.Read(OpenGroup, out _);
        Assert.Equal([(FrameType.Key, false), (FrameType.Bidirectional, true), (FrameType.Predicted, false), (FrameType.Bidirectional, false)],
            new[] { (2, 1), (0, 3), (5, 2), (3, 3) }.Select(picture => Read(syntax, picture.Item1, picture.Item2, FrameExtension)).Select(p => (p.FrameType, p.IsSkippedLeading)));
        syntax.Read(ClosedGroup, out _);
        Assert.Equal([false, false], new[] { (0, 1), (1, 3) }.Select(picture => Read(syntax, picture.Item1, picture.Item2, FrameExtension).IsSkippedLeading));
    }

    [Fact]
    public void Two_fields_are_one_picture()
    {
        var syntax = new Mpeg2Syntax(1);
        ReadSequence(syntax);
        Assert.True(Read(syntax, 0, 1, TopFieldExtension).IsLoneField);
        Assert.Equal(NalUnitRole.ContinuesPicture, syntax.Read(Picture(0, 2), out _));      // an intra frame's second field may be predicted
        syntax.Read(BottomFieldExtension, out _);
        Assert.Equal((FrameType.Key, false), (syntax.Picture.FrameType, syntax.Picture.IsLoneField));
        Assert.True(Read(syntax, 1, 3, TopFieldExtension).IsLoneField);
        Assert.Equal(NalUnitRole.StartsPicture, syntax.Read(Picture(2, 3), out _));         // of another frame
    }

    [Fact]
    public void A_sequence_header_that_says_the_same_keeps_the_track()
    {
        var syntax = new Mpeg2Syntax(1);
        ReadSequence(syntax);
        VideoTrack first = Read(syntax, 0, 1, FrameExtension).Track!;
        Assert.Equal([0, 0, 1, .. Header, 0, 0, 1, .. Extension], first.DecoderConfiguration.ToArray());
        ReadSequence(syntax);
        Assert.Same(first, Read(syntax, 0, 1, FrameExtension).Track);
        syntax.Read(Header, out _);                          // its extension is lost: not a change to MPEG-1
        Assert.Same(first, Read(syntax, 0, 1, FrameExtension).Track);
        Assert.Equal(1, syntax.MalformedParameterSets);
    }

    [Theory]
    [InlineData("00", NalUnitRole.DamagedSlice)]
    [InlineData("000000", NalUnitRole.DamagedSlice)]         // picture_coding_type 0
    [InlineData("000020", NalUnitRole.DamagedSlice)]         // D-picture
    [InlineData("01", NalUnitRole.ContinuesPicture)]
    [InlineData("AF", NalUnitRole.ContinuesPicture)]
    [InlineData("B0", NalUnitRole.Malformed)]
    [InlineData("B2", NalUnitRole.Other)]
    [InlineData("B7", NalUnitRole.Other)]
    [InlineData("E0", NalUnitRole.Malformed)]                // a PES packet's
    public void Roles(string hex, NalUnitRole expected) => Assert.Equal(expected, new Mpeg2Syntax(1).Read(Convert.FromHexString(hex), out _));

    private static void ReadSequence(Mpeg2Syntax syntax)
    {
        Assert.Equal(NalUnitRole.PrecedesPicture, syntax.Read(Header, out _));
        Assert.Equal(NalUnitRole.Other, syntax.Read(Extension, out _));
    }

    private static PictureInfo Read(Mpeg2Syntax syntax, int temporalReference, int codingType, byte[] extension)
    {
        Assert.Equal(NalUnitRole.StartsPicture, syntax.Read(Picture(temporalReference, codingType), out _));
        syntax.BeginPicture();
        syntax.Read(extension, out _);
        return syntax.Picture;
    }

    private static byte[] Picture(int temporalReference, int codingType) => [0, (byte)(temporalReference >> 2), (byte)(temporalReference << 6 | codingType << 3 | 7), 0xFF, 0xF8];
}
