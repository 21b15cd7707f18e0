using System.Globalization;
using Mirror.Media.Frames;

namespace Mirror.Media.Codecs.Av1;

/// <summary>AV1CodecConfigurationRecord, the body of <c>av1C</c> (AV1 in ISOBMFF §2.3).</summary>
public static class Av1DecoderConfiguration
{   //  1 version(7)=1 | profile(3) level(5) | tier(1) high(1) twelve(1) mono(1) subsampling x(1) y(1) position(2) | reserved(3) delay_present(1) delay(4) | configOBUs

    private const int FixedLength = 4;
    private static readonly ColourDescription Usual = new(1, 1, 1, FullRange: false);      // what a codec string without colour means

    /// <summary>Writes the record.</summary>
    /// <param name="header">The sequence header, parsed.</param>
    /// <param name="obu">The same as an OBU.</param>
    public static byte[] Build(Av1SequenceHeader header, in Av1Obu obu)
    {
        ArgumentNullException.ThrowIfNull(header);
        var record = new byte[FixedLength + obu.WrittenLength];
        record[0] = 0x81;
        record[1] = (byte)(header.Profile << 5 | header.LevelIdx);
        record[2] = (byte)(header.Tier << 7 | (header.BitDepth > 8 ? 0x40 : 0) | (header.BitDepth == 12 ? 0x20 : 0) | (header.IsMonochrome ? 0x10 : 0)
            | (header.SubsamplingX ? 0x08 : 0) | (header.SubsamplingY ? 0x04 : 0) | header.ChromaSamplePosition);
        obu.WriteTo(record.AsSpan(FixedLength));
        return record;
    }

    /// <summary>The codec string <c>av01.P.LLT.DD</c>, with chroma and colour where they are not the usual ones (AV1 in ISOBMFF §5).</summary>
    public static string CodecString(Av1SequenceHeader header)
    {
        ArgumentNullException.ThrowIfNull(header);
        string text = string.Create(CultureInfo.InvariantCulture, $"av01.{header.Profile}.{header.LevelIdx:D2}{(header.Tier == 0 ? 'M' : 'H')}.{header.BitDepth:D2}");
        bool isUsual = !header.IsMonochrome && header.SubsamplingX && header.SubsamplingY && (header.Colour == Usual || header.Colour == ColourDescription.Unspecified);
        if (isUsual) { return text; }
        ColourDescription colour = header.Colour;
        int position = header.SubsamplingX && header.SubsamplingY ? header.ChromaSamplePosition : 0;
        return string.Create(CultureInfo.InvariantCulture,
            $"{text}.{(header.IsMonochrome ? 1 : 0)}.{(header.SubsamplingX ? 1 : 0)}{(header.SubsamplingY ? 1 : 0)}{position}.{colour.Primaries:D2}.{colour.Transfer:D2}.{colour.Matrix:D2}.{(colour.FullRange ? 1 : 0)}");
    }
}
