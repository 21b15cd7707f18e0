using Mirror.Media.Bits;

namespace Mirror.Media.Codecs.H264;

/// <summary>The start of a picture parameter set of H.264 (§7.3.2.2): what slice headers need of it.</summary>
/// <param name="Id">pic_parameter_set_id, in [0, 255].</param>
/// <param name="SpsId">seq_parameter_set_id, in [0, 31].</param>
/// <param name="BottomFieldPicOrderInFramePresent">bottom_field_pic_order_in_frame_present_flag.</param>
/// <param name="RedundantPicCntPresent">redundant_pic_cnt_present_flag.</param>
public sealed record H264Pps(int Id, int SpsId, bool BottomFieldPicOrderInFramePresent, bool RedundantPicCntPresent)
{
    /// <summary>Ids are in [0, 255] (§7.4.2.2).</summary>
    public const int Count = 256;

    private const int HeaderBytes = 256;       // slice groups of map type 6 lie behind anything real
    private const int MostSliceGroups = 8;

    /// <summary>Reads a parameter set from its NAL unit, header byte first.</summary>
    public static bool TryParse(ReadOnlySpan<byte> nalUnit, out H264Pps? pps)
    {
        pps = null;
        if (nalUnit.Length < 2 || (nalUnit[0] & 0x1F) != (int)H264NalUnitType.Pps) { return false; }
        Span<byte> buffer = stackalloc byte[HeaderBytes];
        var reader = new BitReader(Rbsp.Unescape(nalUnit[1..], buffer));
        uint id = reader.ReadUe();
        uint spsId = reader.ReadUe();
        reader.Skip(1);                                                  // entropy_coding_mode_flag
        bool bottomFieldOrder = reader.ReadFlag();
        uint sliceGroups = reader.ReadUe() + 1;
        if (reader.Overrun || id >= Count || spsId >= H264Sps.Count || sliceGroups > MostSliceGroups) { return false; }
        if (sliceGroups > 1) { SkipSliceGroups(ref reader, sliceGroups); }
        reader.ReadUe();                                                 // num_ref_idx_l0_default_active_minus1
        reader.ReadUe();                                                 // num_ref_idx_l1_default_active_minus1
        reader.Skip(3);                                                  // weighted prediction
        reader.ReadSe();                                                 // pic_init_qp_minus26
        reader.ReadSe();                                                 // pic_init_qs_minus26
        reader.ReadSe();                                                 // chroma_qp_index_offset
        reader.Skip(2);                                                  // deblocking control, constrained intra prediction
        bool redundant = reader.ReadFlag();
        if (reader.Overrun) { return false; }
        pps = new H264Pps((int)id, (int)spsId, bottomFieldOrder, redundant);
        return true;
    }

    private static void SkipSliceGroups(ref BitReader reader, uint groups)
    {
        uint type = reader.ReadUe();
        if (type == 0)
        {
            for (uint i = 0; i < groups; i++) { reader.ReadUe(); }
        }
        else if (type == 2)
        {
            for (uint i = 0; i < 2 * (groups - 1); i++) { reader.ReadUe(); }
        }
        else if (type is 3 or 4 or 5)
        {
            reader.Skip(1);
            reader.ReadUe();
        }
        else if (type == 6)
        {
            int bits = groups > 4 ? 3 : groups > 2 ? 2 : 1;
            reader.Skip((reader.ReadUe() + 1L) * bits);
        }
    }
}
