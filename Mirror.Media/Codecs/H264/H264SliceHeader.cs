using Mirror.Media.Bits;

namespace Mirror.Media.Codecs.H264;

/// <summary>The start of a slice header of H.264 (§7.3.3), up to the picture order count.</summary>
public readonly record struct H264SliceHeader
{
    private const int HeaderBytes = 48;        // the fields read take at most 30 bytes

    /// <summary>nal_unit_type 5.</summary>
    public bool IsIdr { get; private init; }

    /// <summary>nal_ref_idc; 0 when no other picture refers to this one.</summary>
    public int NalRefIdc { get; private init; }

    /// <summary>first_mb_in_slice: 0 starts a picture.</summary>
    public uint FirstMbInSlice { get; private init; }

    /// <summary>slice_type.</summary>
    public SliceType SliceType { get; private init; }

    /// <summary>pic_parameter_set_id, in [0, 255].</summary>
    public int PpsId { get; private init; }

    /// <summary>frame_num.</summary>
    public uint FrameNum { get; private init; }

    /// <summary>field_pic_flag: the picture is one field.</summary>
    public bool IsField { get; private init; }

    /// <summary>bottom_field_flag.</summary>
    public bool IsBottomField { get; private init; }

    /// <summary>pic_order_cnt_lsb, where the type of order count is 0.</summary>
    public uint PicOrderCntLsb { get; private init; }

    /// <summary>redundant_pic_cnt is not zero: the slice repeats one that came before.</summary>
    public bool IsRedundant { get; private init; }

    /// <summary>Reads what needs no parameter sets: first_mb_in_slice, slice_type and pic_parameter_set_id.</summary>
    /// <param name="nalUnit">A NAL unit of type 1, 2 or 5, header byte first.</param>
    /// <param name="header">The header, its other fields zero.</param>
    public static bool TryParseStart(ReadOnlySpan<byte> nalUnit, out H264SliceHeader header)
    {
        Span<byte> buffer = stackalloc byte[HeaderBytes];
        return TryReadStart(nalUnit, buffer, out header, out _);
    }

    /// <summary>Reads the header with the parameter sets in force.</summary>
    /// <param name="nalUnit">A NAL unit of type 1, 2 or 5, header byte first.</param>
    /// <param name="sps">The sequence parameter set of <paramref name="pps"/>.</param>
    /// <param name="pps">The picture parameter set that <see cref="PpsId"/> names.</param>
    /// <param name="header">The header.</param>
    public static bool TryParse(ReadOnlySpan<byte> nalUnit, H264Sps sps, H264Pps pps, out H264SliceHeader header)
    {
        ArgumentNullException.ThrowIfNull(sps);
        ArgumentNullException.ThrowIfNull(pps);
        Span<byte> buffer = stackalloc byte[HeaderBytes];
        if (!TryReadStart(nalUnit, buffer, out header, out BitReader reader)) { return false; }
        if (sps.SeparateColourPlanes) { reader.Skip(2); }
        uint frameNum = reader.ReadBits(sps.FrameNumBits);
        bool isField = !sps.FrameMbsOnly && reader.ReadFlag();
        bool isBottom = isField && reader.ReadFlag();
        if (header.IsIdr) { reader.ReadUe(); }                                       // idr_pic_id
        uint orderLsb = 0;
        if (sps.PicOrderCntType == 0)
        {
            orderLsb = reader.ReadBits(sps.PicOrderCntLsbBits);
            if (pps.BottomFieldPicOrderInFramePresent && !isField) { reader.ReadSe(); }
        }
        else if (sps.PicOrderCntType == 1 && !sps.DeltaPicOrderAlwaysZero)
        {
            reader.ReadSe();
            if (pps.BottomFieldPicOrderInFramePresent && !isField) { reader.ReadSe(); }
        }
        bool isRedundant = pps.RedundantPicCntPresent && reader.ReadUe() != 0;
        if (reader.Overrun) { return false; }
        header = header with { FrameNum = frameNum, IsField = isField, IsBottomField = isBottom, PicOrderCntLsb = orderLsb, IsRedundant = isRedundant };
        return true;
    }

    /// <summary>Whether this field is the second of the frame that <paramref name="first"/> began (§3.30 and §3.31, complementary field pairs).</summary>
    public bool CompletesFrameOf(in H264SliceHeader first)
        => IsField && first.IsField && IsBottomField != first.IsBottomField && FrameNum == first.FrameNum && !IsIdr
            && NalRefIdc == 0 == (first.NalRefIdc == 0);

    private static bool TryReadStart(ReadOnlySpan<byte> nalUnit, Span<byte> buffer, out H264SliceHeader header, out BitReader reader)
    {
        header = default;
        reader = default;
        if (nalUnit.Length < 2) { return false; }
        reader = new BitReader(Rbsp.Unescape(nalUnit.Slice(1, Math.Min(nalUnit.Length - 1, HeaderBytes)), buffer));
        uint firstMb = reader.ReadUe();
        uint sliceType = reader.ReadUe();
        uint ppsId = reader.ReadUe();
        if (reader.Overrun || sliceType > 9 || ppsId >= H264Pps.Count) { return false; }
        header = new H264SliceHeader
        {
            IsIdr = (nalUnit[0] & 0x1F) == (int)H264NalUnitType.IdrSlice,
            NalRefIdc = (nalUnit[0] >> 5) & 3,
            FirstMbInSlice = firstMb,
            SliceType = (sliceType % 5) switch { 1 => SliceType.B, 2 or 4 => SliceType.I, _ => SliceType.P },
            PpsId = (int)ppsId,
        };
        return true;
    }
}
