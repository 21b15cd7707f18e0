using Mirror.Media.Bits;

namespace Mirror.Media.Codecs.H265;

/// <summary>The start of a picture parameter set of H.265 (§7.3.2.3.1): what slice segment headers need of it.</summary>
/// <param name="Id">pps_pic_parameter_set_id, in [0, 63].</param>
/// <param name="SpsId">pps_seq_parameter_set_id, in [0, 15].</param>
/// <param name="OutputFlagPresent">output_flag_present_flag.</param>
/// <param name="ExtraSliceHeaderBits">num_extra_slice_header_bits, in [0, 7].</param>
public sealed record H265Pps(int Id, int SpsId, bool OutputFlagPresent, int ExtraSliceHeaderBits)
{
    /// <summary>Ids are in [0, 63] (§7.4.3.3.1).</summary>
    public const int Count = 64;

    private const int HeaderBytes = 32;

    /// <summary>Reads a parameter set from its NAL unit, header first.</summary>
    public static bool TryParse(ReadOnlySpan<byte> nalUnit, out H265Pps? pps)
    {
        pps = null;
        if (nalUnit.Length < 3 || ((nalUnit[0] >> 1) & 0x3F) != (int)H265NalUnitType.Pps) { return false; }
        Span<byte> buffer = stackalloc byte[HeaderBytes];
        var reader = new BitReader(Rbsp.Unescape(nalUnit[2..], buffer));
        uint id = reader.ReadUe();
        uint spsId = reader.ReadUe();
        reader.Skip(1);                                          // dependent_slice_segments_enabled_flag
        bool outputFlagPresent = reader.ReadFlag();
        int extraBits = (int)reader.ReadBits(3);
        if (reader.Overrun || id >= Count || spsId >= H265Sps.Count) { return false; }
        pps = new H265Pps((int)id, (int)spsId, outputFlagPresent, extraBits);
        return true;
    }
}
