using Mirror.Media.Bits;
using Mirror.Media.Frames;

namespace Mirror.Media.Codecs.Mpeg2;

/// <summary>What a sequence header (H.262 §6.2.2.1) and the extensions behind it (§6.2.2.3, §6.2.2.4) say together.</summary>
public sealed record Mpeg2Sequence
{   //  header:    B3 width(12) height(12) aspect(4) rate(4) bit_rate(18) 1 vbv(10) constrained(1) matrices…
    //  extension: B5 1(4) profile_and_level(8) progressive(1) chroma(2) width(2) height(2) bit_rate(12) 1 vbv(8) low_delay(1) rate n(2) d(5)
    //  display:   B5 2(4) video_format(3) colour(1) {primaries(8) transfer(8) matrix(8)}? width(14) 1 height(14)

    private const int HeaderLength = 8;                      // up to the matrices, which do not matter here
    private const int SequenceExtensionId = 1;
    private const int DisplayExtensionId = 2;
    private const int Square = 1;                            // aspect_ratio_information
    private const int FourToThree = 2;
    private const int SixteenToNine = 3;
    private const int Cinema = 4;                            // 2.21:1
    private const byte EscapedProfile = 0x80;
    private static readonly Rational[] FrameRateCodes =      // Table 6-4
    [
        Rational.Unknown, new(24_000, 1_001), new(24, 1), new(25, 1), new(30_000, 1_001), new(30, 1), new(50, 1), new(60_000, 1_001), new(60, 1),
    ];

    /// <summary>Width in luma samples.</summary>
    public required int Width { get; init; }

    /// <summary>Height in luma samples.</summary>
    public required int Height { get; init; }

    /// <summary>aspect_ratio_information: the shape of a sample (1) or of the picture.</summary>
    public required int AspectRatioInformation { get; init; }

    /// <summary>Frames per second; unknown where the code is reserved.</summary>
    public required Rational FrameRate { get; init; }

    /// <summary>profile_and_level_indication; <see langword="null"/> for MPEG-1, which has no sequence extension.</summary>
    public byte? ProfileAndLevel { get; init; }

    /// <summary>No picture precedes another in decoding order that it follows in output order.</summary>
    public bool IsLowDelay { get; init; }

    /// <summary>Colour, where a display extension tells it.</summary>
    public ColourDescription Colour { get; init; } = ColourDescription.Unspecified;

    /// <summary>Width of the part meant to be displayed, to which the shape of the picture refers; 0 where nothing is said.</summary>
    public int DisplayWidth { get; init; }

    /// <summary>Height of that part.</summary>
    public int DisplayHeight { get; init; }

    /// <summary>
    /// The codec string: <c>mp4v.</c> and the object type of MPEG-4 (ISO/IEC 14496-1 Table 5), 61 for Main profile; 6A is MPEG-1.
    /// </summary>
    public string CodecString => "mp4v." + (ProfileAndLevel is not { } value ? "6A" : (value & EscapedProfile) != 0 ? "65" : ((value >> 4) & 7) switch
    {
        5 => "60",
        3 => "62",
        2 => "63",
        1 => "64",
        _ => "61",
    });

    /// <summary>Width to height of one sample.</summary>
    public Rational SampleAspectRatio
    {
        get
        {
            if (ProfileAndLevel is null || AspectRatioInformation == Square) { return new Rational(1, 1); }      // MPEG-1 counts otherwise, and is square in practice
            (uint across, uint down) = AspectRatioInformation switch { FourToThree => (4u, 3u), SixteenToNine => (16u, 9u), Cinema => (221u, 100u), _ => (0u, 0u) };
            if (across == 0) { return new Rational(1, 1); }
            (int width, int height) = DisplayWidth > 0 && DisplayHeight > 0 ? (DisplayWidth, DisplayHeight) : (Width, Height);
            return FrameRates.FromTicks(across * (uint)height, down * (ulong)width);
        }
    }

    /// <summary>Reads a sequence header, without start code prefix: B3 first.</summary>
    /// <returns><see langword="false"/> when it is cut short or has no size.</returns>
    public static bool TryParse(ReadOnlySpan<byte> header, out Mpeg2Sequence? sequence)
    {
        sequence = null;
        if (header.Length < HeaderLength || header[0] != Mpeg2StartCode.SequenceHeader) { return false; }
        var reader = new BitReader(header[1..]);
        int width = (int)reader.ReadBits(12);
        int height = (int)reader.ReadBits(12);
        int aspect = (int)reader.ReadBits(4);
        int rate = (int)reader.ReadBits(4);
        if (width == 0 || height == 0) { return false; }
        sequence = new Mpeg2Sequence
        {
            Width = width,
            Height = height,
            AspectRatioInformation = aspect,
            FrameRate = rate < FrameRateCodes.Length ? FrameRateCodes[rate] : Rational.Unknown,
        };
        return true;
    }

    /// <summary>What <paramref name="extension"/> adds; the same where it is another extension, or cannot be read.</summary>
    /// <param name="extension">An extension behind a sequence header, without start code prefix: B5 first.</param>
    public Mpeg2Sequence With(ReadOnlySpan<byte> extension)
    {
        if (extension.Length < 2 || extension[0] != Mpeg2StartCode.Extension) { return this; }
        var reader = new BitReader(extension[1..]);
        return reader.ReadBits(4) switch
        {
            SequenceExtensionId => WithSequenceExtension(reader),
            DisplayExtensionId => WithDisplayExtension(reader),
            _ => this,
        };
    }

    private Mpeg2Sequence WithSequenceExtension(BitReader reader)
    {
        byte profile = (byte)reader.ReadBits(8);
        reader.Skip(3);                                      // progressive_sequence, chroma_format
        int width = (int)reader.ReadBits(2);
        int height = (int)reader.ReadBits(2);
        reader.Skip(12 + 1 + 8);                             // bit_rate_extension, marker, vbv_buffer_size_extension
        bool isLowDelay = reader.ReadFlag();
        uint n = reader.ReadBits(2);
        uint d = reader.ReadBits(5);
        if (reader.Overrun) { return this; }
        return this with
        {
            ProfileAndLevel = profile,
            Width = Width & 0xFFF | width << 12,
            Height = Height & 0xFFF | height << 12,
            IsLowDelay = isLowDelay,
            FrameRate = FrameRate.IsKnown ? FrameRates.FromTicks(FrameRate.Numerator * (n + 1), FrameRate.Denominator * (d + 1UL)) : FrameRate,
        };
    }

    private Mpeg2Sequence WithDisplayExtension(BitReader reader)
    {
        reader.Skip(3);                                      // video_format
        ColourDescription colour = ColourDescription.Unspecified;
        if (reader.ReadFlag()) { colour = new ColourDescription((byte)reader.ReadBits(8), (byte)reader.ReadBits(8), (byte)reader.ReadBits(8), FullRange: false); }
        int width = (int)reader.ReadBits(14);
        reader.Skip(1);
        int height = (int)reader.ReadBits(14);
        return reader.Overrun ? this : this with { Colour = colour, DisplayWidth = width, DisplayHeight = height };
    }
}
