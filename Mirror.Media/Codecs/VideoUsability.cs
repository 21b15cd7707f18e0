using Mirror.Media.Bits;
using Mirror.Media.Frames;

namespace Mirror.Media.Codecs;

/// <summary>What H.264 and H.265 say alike in the first part of their VUI parameters (H.264 §E.1.1, H.265 §E.2.1): shape and colour.</summary>
/// <param name="SampleAspectRatio">Width to height of one sample; 1/1 where not given.</param>
/// <param name="Colour">Colour description; unspecified where not given.</param>
public readonly record struct VideoUsability(Rational SampleAspectRatio, ColourDescription Colour)
{
    private const int ExtendedSar = 255;
    private static readonly Rational[] AspectRatios =       // aspect_ratio_idc, Table E-1
    [
        new(1, 1), new(1, 1), new(12, 11), new(10, 11), new(16, 11), new(40, 33), new(24, 11), new(20, 11), new(32, 11),
        new(80, 33), new(18, 11), new(15, 11), new(64, 33), new(160, 99), new(4, 3), new(3, 2), new(2, 1),
    ];

    /// <summary>Nothing is given.</summary>
    public static VideoUsability Unspecified => new(new Rational(1, 1), ColourDescription.Unspecified);

    /// <summary>Reads aspect_ratio_info_present_flag up to the chroma sample locations.</summary>
    internal static VideoUsability Read(ref BitReader reader)
    {
        var aspectRatio = new Rational(1, 1);
        if (reader.ReadFlag())
        {
            uint idc = reader.ReadBits(8);
            if (idc == ExtendedSar) { aspectRatio = new Rational(reader.ReadBits(16), reader.ReadBits(16)); }
            else if (idc < AspectRatios.Length) { aspectRatio = AspectRatios[idc]; }
            if (!aspectRatio.IsKnown) { aspectRatio = new Rational(1, 1); }
        }
        if (reader.ReadFlag()) { reader.Skip(1); }              // overscan_appropriate_flag
        ColourDescription colour = ColourDescription.Unspecified;
        if (reader.ReadFlag())
        {
            reader.Skip(3);                                     // video_format
            colour = colour with { FullRange = reader.ReadFlag() };
            if (reader.ReadFlag())
            {
                colour = colour with { Primaries = (byte)reader.ReadBits(8), Transfer = (byte)reader.ReadBits(8), Matrix = (byte)reader.ReadBits(8) };
            }
        }
        if (reader.ReadFlag())
        {
            reader.ReadUe();                                    // chroma_sample_loc_type_top_field
            reader.ReadUe();                                    // chroma_sample_loc_type_bottom_field
        }
        return new VideoUsability(aspectRatio, colour);
    }
}
