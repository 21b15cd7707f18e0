using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace Mirror.Media.Codecs.H265;

/// <summary>HEVCDecoderConfigurationRecord, the body of <c>hvcC</c> (ISO/IEC 14496-15 §8.3.3.1).</summary>
public static class HevcDecoderConfiguration
{
    private const int HeaderLength = 23;
    private const byte ArrayIsComplete = 0x80;        // parameter sets stand here only, which the sample entry 'hvc1' promises

    /// <summary>Writes the record for samples with 4-byte NAL unit lengths.</summary>
    /// <param name="active">The sequence parameter set in force, parsed.</param>
    /// <param name="vps">Video parameter sets as NAL units.</param>
    /// <param name="sps">Sequence parameter sets as NAL units.</param>
    /// <param name="pps">Picture parameter sets as NAL units.</param>
    public static byte[] Build(H265Sps active, IReadOnlyList<byte[]> vps, IReadOnlyList<byte[]> sps, IReadOnlyList<byte[]> pps)
    {
        ArgumentNullException.ThrowIfNull(active);
        ArgumentNullException.ThrowIfNull(vps);
        ArgumentNullException.ThrowIfNull(sps);
        ArgumentNullException.ThrowIfNull(pps);
        H265ProfileTierLevel profile = active.ProfileTierLevel;
        var header = new byte[HeaderLength];
        header[0] = 1;
        header[1] = (byte)((profile.ProfileSpace << 6) | (profile.IsHighTier ? 0x20 : 0) | profile.ProfileIdc);
        BinaryPrimitives.WriteUInt32BigEndian(header.AsSpan(2), profile.CompatibilityFlags);
        BinaryPrimitives.WriteUInt16BigEndian(header.AsSpan(6), (ushort)(profile.ConstraintFlags >> 32));
        BinaryPrimitives.WriteUInt32BigEndian(header.AsSpan(8), (uint)profile.ConstraintFlags);
        header[12] = profile.LevelIdc;
        BinaryPrimitives.WriteUInt16BigEndian(header.AsSpan(13), 0xF000);            // min_spatial_segmentation_idc not known
        header[15] = 0xFC;                                                           // parallelismType not known
        header[16] = (byte)(0xFC | active.ChromaFormatIdc);
        header[17] = (byte)(0xF8 | (active.BitDepthLuma - 8));
        header[18] = (byte)(0xF8 | (active.BitDepthChroma - 8));
        header[21] = (byte)((active.SubLayers << 3) | (active.IsTemporalIdNested ? 4 : 0) | 3);      // avgFrameRate and constantFrameRate 0: not given
        header[22] = 3;
        var record = new List<byte>(header);
        AddArray(record, H265NalUnitType.Vps, vps);
        AddArray(record, H265NalUnitType.Sps, sps);
        AddArray(record, H265NalUnitType.Pps, pps);
        return [.. record];
    }

    /// <summary>The codec string, such as <c>hvc1.1.6.L93.B0</c> (ISO/IEC 14496-15 §E.3).</summary>
    public static string CodecString(H265Sps active)
    {
        ArgumentNullException.ThrowIfNull(active);
        H265ProfileTierLevel profile = active.ProfileTierLevel;
        var text = new StringBuilder("hvc1.");
        if (profile.ProfileSpace > 0) { text.Append((char)('A' + profile.ProfileSpace - 1)); }
        text.Append(CultureInfo.InvariantCulture, $"{profile.ProfileIdc}.{ReverseBits(profile.CompatibilityFlags):X}.{(profile.IsHighTier ? 'H' : 'L')}{profile.LevelIdc}");
        for (ulong left = profile.ConstraintFlags << 16; left != 0; left <<= 8)      // 6 bytes, those that are zero at the end left out
        {
            text.Append(CultureInfo.InvariantCulture, $".{left >> 56:X}");
        }
        return text.ToString();
    }

    private static uint ReverseBits(uint value)
    {
        uint reversed = 0;
        for (int i = 0; i < 32; i++) { reversed |= ((value >> i) & 1) << (31 - i); }
        return reversed;
    }

    private static void AddArray(List<byte> record, H265NalUnitType type, IReadOnlyList<byte[]> nalUnits)
    {
        Span<byte> number = stackalloc byte[2];
        record.Add((byte)(ArrayIsComplete | (byte)type));
        BinaryPrimitives.WriteUInt16BigEndian(number, (ushort)nalUnits.Count);
        record.AddRange(number);
        foreach (byte[] nalUnit in nalUnits)
        {
            BinaryPrimitives.WriteUInt16BigEndian(number, (ushort)nalUnit.Length);
            record.AddRange(number);
            record.AddRange(nalUnit);
        }
    }
}
