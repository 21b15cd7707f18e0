using System.Buffers.Binary;

namespace Mirror.Media.Codecs.H264;

/// <summary>AVCDecoderConfigurationRecord, the body of <c>avcC</c> (ISO/IEC 14496-15 §5.3.3.1).</summary>
public static class AvcDecoderConfiguration
{   //  1 | profile | compatibility | level | 0xFC|3 | 0xE0|n SPS {u16 length, NAL unit} × n | n PPS {…} × n | high profiles: 0xFC|chroma 0xF8|luma 0xF8|chroma depth 0

    private const int MostSps = 31;
    private const int MostPps = 255;

    /// <summary>Writes the record for samples with 4-byte NAL unit lengths.</summary>
    /// <param name="active">The parameter set in force, parsed; its profile and level stand in the record.</param>
    /// <param name="sps">Sequence parameter sets as NAL units; the first is the one in force. At most 31, the rest is left out.</param>
    /// <param name="pps">Picture parameter sets as NAL units. At most 255, the rest is left out.</param>
    public static byte[] Build(H264Sps active, IReadOnlyList<byte[]> sps, IReadOnlyList<byte[]> pps)
    {
        ArgumentNullException.ThrowIfNull(active);
        ArgumentNullException.ThrowIfNull(sps);
        ArgumentNullException.ThrowIfNull(pps);
        var record = new List<byte>(64) { 1, active.ProfileIdc, active.ConstraintFlags, active.LevelIdc, 0xFC | 3 };
        record.Add((byte)(0xE0 | Math.Min(sps.Count, MostSps)));
        AddNalUnits(record, sps, MostSps);
        record.Add((byte)Math.Min(pps.Count, MostPps));
        AddNalUnits(record, pps, MostPps);
        if (active.ProfileIdc is 100 or 110 or 122 or 144 or 44 or 118 or 128 or 244)
        {
            record.AddRange([(byte)(0xFC | active.ChromaFormatIdc), (byte)(0xF8 | (active.BitDepthLuma - 8)), (byte)(0xF8 | (active.BitDepthChroma - 8)), 0]);
        }
        return [.. record];
    }

    /// <summary>The codec string <c>avc1.PPCCLL</c> (RFC 6381 §3.3; ISO/IEC 14496-15 Annex E).</summary>
    public static string CodecString(H264Sps active)
    {
        ArgumentNullException.ThrowIfNull(active);
        return $"avc1.{active.ProfileIdc:X2}{active.ConstraintFlags:X2}{active.LevelIdc:X2}";
    }

    private static void AddNalUnits(List<byte> record, IReadOnlyList<byte[]> nalUnits, int most)
    {
        Span<byte> length = stackalloc byte[2];
        for (int i = 0; i < Math.Min(nalUnits.Count, most); i++)
        {
            BinaryPrimitives.WriteUInt16BigEndian(length, (ushort)nalUnits[i].Length);
            record.AddRange(length);
            record.AddRange(nalUnits[i]);
        }
    }
}
