using Mirror.Media.Bits;

namespace Mirror.Media.Codecs.H265;

/// <summary>The start of the header of a picture's first slice segment (H.265 §7.3.6.1).</summary>
/// <param name="PpsId">slice_pic_parameter_set_id, in [0, 63].</param>
/// <param name="SliceType">slice_type.</param>
/// <param name="PicOrderCntLsb">slice_pic_order_cnt_lsb; 0 for IDR pictures.</param>
public readonly record struct H265SliceHeader(int PpsId, SliceType SliceType, uint PicOrderCntLsb)
{
    private const int HeaderBytes = 32;

    /// <summary>Reads slice_pic_parameter_set_id, which needs no parameter sets.</summary>
    /// <param name="nalUnit">A slice segment NAL unit with first_slice_segment_in_pic_flag set, header first.</param>
    /// <param name="ppsId">The id, in [0, 63].</param>
    public static bool TryParsePpsId(ReadOnlySpan<byte> nalUnit, out int ppsId)
    {
        Span<byte> buffer = stackalloc byte[HeaderBytes];
        return TryReadStart(nalUnit, buffer, out ppsId, out _);
    }

    /// <summary>Reads the header with the parameter sets in force.</summary>
    /// <param name="nalUnit">A slice segment NAL unit with first_slice_segment_in_pic_flag set, header first.</param>
    /// <param name="sps">The sequence parameter set of <paramref name="pps"/>.</param>
    /// <param name="pps">The picture parameter set that the header names.</param>
    /// <param name="header">The header.</param>
    public static bool TryParse(ReadOnlySpan<byte> nalUnit, H265Sps sps, H265Pps pps, out H265SliceHeader header)
    {
        ArgumentNullException.ThrowIfNull(sps);
        ArgumentNullException.ThrowIfNull(pps);
        header = default;
        Span<byte> buffer = stackalloc byte[HeaderBytes];
        if (!TryReadStart(nalUnit, buffer, out int ppsId, out BitReader reader)) { return false; }
        reader.Skip(pps.ExtraSliceHeaderBits);
        uint sliceType = reader.ReadUe();
        if (pps.OutputFlagPresent) { reader.Skip(1); }
        if (sps.SeparateColourPlanes) { reader.Skip(2); }
        int type = (nalUnit[0] >> 1) & 0x3F;
        bool isIdr = type is (int)H265NalUnitType.IdrWRadl or (int)H265NalUnitType.IdrNLp;
        uint orderLsb = isIdr ? 0 : reader.ReadBits(sps.PicOrderCntLsbBits);
        if (reader.Overrun || sliceType > 2) { return false; }
        header = new H265SliceHeader(ppsId, (SliceType)sliceType, orderLsb);       // Table 7-7 numbers them as SliceType does
        return true;
    }

    private static bool TryReadStart(ReadOnlySpan<byte> nalUnit, Span<byte> buffer, out int ppsId, out BitReader reader)
    {
        ppsId = 0;
        reader = default;
        if (nalUnit.Length < 3) { return false; }
        int type = (nalUnit[0] >> 1) & 0x3F;
        reader = new BitReader(Rbsp.Unescape(nalUnit.Slice(2, Math.Min(nalUnit.Length - 2, HeaderBytes)), buffer));
        bool isFirst = reader.ReadFlag();
        if (type is >= (int)H265NalUnitType.BlaWLp and <= (int)H265NalUnitType.LastIrap) { reader.Skip(1); }     // no_output_of_prior_pics_flag
        uint id = reader.ReadUe();
        if (!isFirst || reader.Overrun || id >= H265Pps.Count) { return false; }
        ppsId = (int)id;
        return true;
    }
}
