using Mirror.Media.Bits;
using Mirror.Media.Frames;

namespace Mirror.Media.Codecs.H265;

/// <summary>A sequence parameter set of H.265 (§7.3.2.2, VUI §E.2.1).</summary>
public sealed record H265Sps
{
    /// <summary>Ids are in [0, 15] (§7.4.3.2.1).</summary>
    public const int Count = 16;

    /// <summary>Most bytes of a parameter set that Mirror keeps; real ones have tens.</summary>
    public const int LargestLength = 4096;

    private const uint LargestDimension = 16_384;
    private const int MostShortTermSets = 64;
    private const int MostDeltaPocs = 32;               // twice the largest decoded picture buffer

    /// <summary>sps_seq_parameter_set_id.</summary>
    public required int Id { get; init; }

    /// <summary>sps_video_parameter_set_id.</summary>
    public int VpsId { get; init; }

    /// <summary>sps_max_sub_layers_minus1 + 1, in [1, 7].</summary>
    public int SubLayers { get; init; } = 1;

    /// <summary>sps_temporal_id_nesting_flag.</summary>
    public bool IsTemporalIdNested { get; init; }

    /// <summary>Profile, tier and level.</summary>
    public required H265ProfileTierLevel ProfileTierLevel { get; init; }

    /// <summary>chroma_format_idc: 0 monochrome, 1 4:2:0, 2 4:2:2, 3 4:4:4.</summary>
    public int ChromaFormatIdc { get; init; } = 1;

    /// <summary>separate_colour_plane_flag.</summary>
    public bool SeparateColourPlanes { get; init; }

    /// <summary>Bits of a luma sample, in [8, 16].</summary>
    public int BitDepthLuma { get; init; } = 8;

    /// <summary>Bits of a chroma sample, in [8, 16].</summary>
    public int BitDepthChroma { get; init; } = 8;

    /// <summary>Width in luma samples, cropped.</summary>
    public required int Width { get; init; }

    /// <summary>Height in luma samples, cropped.</summary>
    public required int Height { get; init; }

    /// <summary>sps_max_num_reorder_pics of the highest sub-layer.</summary>
    public int ReorderDepth { get; init; }

    /// <summary>Bits of slice_pic_order_cnt_lsb.</summary>
    public int PicOrderCntLsbBits { get; init; }

    /// <summary>Sample shape and colour.</summary>
    public VideoUsability Usability { get; init; } = VideoUsability.Unspecified;

    /// <summary>Pictures per second that the VUI gives; unknown where it is silent. A picture may be a field, see <see cref="IsFieldSequence"/>.</summary>
    public Rational FrameRate { get; init; } = Rational.Unknown;

    /// <summary>field_seq_flag: pictures are fields.</summary>
    public bool IsFieldSequence { get; init; }

    /// <summary>Reads a parameter set from its NAL unit, header first.</summary>
    /// <returns><see langword="false"/> when it is not one of the base layer, is cut short, or holds a value outside its range.</returns>
    public static bool TryParse(ReadOnlySpan<byte> nalUnit, out H265Sps? sps)
    {
        sps = null;
        if (nalUnit.Length < 4 || ((nalUnit[0] >> 1) & 0x3F) != (int)H265NalUnitType.Sps) { return false; }
        Span<byte> buffer = stackalloc byte[Math.Min(nalUnit.Length, LargestLength)];
        var reader = new BitReader(Rbsp.Unescape(nalUnit[2..], buffer));

        int vpsId = (int)reader.ReadBits(4);
        int maxSubLayersMinus1 = (int)reader.ReadBits(3);
        bool isNested = reader.ReadFlag();
        if (maxSubLayersMinus1 > 6) { return false; }
        H265ProfileTierLevel profile = H265ProfileTierLevel.Read(ref reader, maxSubLayersMinus1);
        uint id = reader.ReadUe();
        uint chromaFormat = reader.ReadUe();
        bool separatePlanes = chromaFormat == 3 && reader.ReadFlag();
        uint codedWidth = reader.ReadUe();
        uint codedHeight = reader.ReadUe();
        bool isCropped = reader.ReadFlag();
        uint left = isCropped ? reader.ReadUe() : 0;
        uint right = isCropped ? reader.ReadUe() : 0;
        uint top = isCropped ? reader.ReadUe() : 0;
        uint bottom = isCropped ? reader.ReadUe() : 0;
        uint depthLuma = reader.ReadUe();
        uint depthChroma = reader.ReadUe();
        uint orderLsbBits = reader.ReadUe() + 4;
        bool perSubLayer = reader.ReadFlag();
        uint reorder = 0;
        for (int i = perSubLayer ? 0 : maxSubLayersMinus1; i <= maxSubLayersMinus1; i++)
        {
            reader.ReadUe();                                                 // sps_max_dec_pic_buffering_minus1
            reorder = reader.ReadUe();
            reader.ReadUe();                                                 // sps_max_latency_increase_plus1
        }
        if (reader.Overrun || id >= Count || chromaFormat > 3 || codedWidth is 0 or > LargestDimension || codedHeight is 0 or > LargestDimension
            || depthLuma > 8 || depthChroma > 8 || orderLsbBits > 16 || reorder > 16) { return false; }
        uint cropUnitX = chromaFormat is 1 or 2 ? 2u : 1u;
        uint cropUnitY = chromaFormat == 1 ? 2u : 1u;
        long width = codedWidth - (long)cropUnitX * (left + (long)right);
        long height = codedHeight - (long)cropUnitY * (top + (long)bottom);
        if (width <= 0 || height <= 0) { return false; }

        Vui vui = TrySkipToVui(ref reader, orderLsbBits) && reader.ReadFlag() ? Vui.Read(ref reader) : Vui.Silent;
        if (reader.Overrun) { vui = Vui.Silent; }
        sps = new H265Sps
        {
            Id = (int)id,
            VpsId = vpsId,
            SubLayers = maxSubLayersMinus1 + 1,
            IsTemporalIdNested = isNested,
            ProfileTierLevel = profile,
            ChromaFormatIdc = (int)chromaFormat,
            SeparateColourPlanes = separatePlanes,
            BitDepthLuma = (int)depthLuma + 8,
            BitDepthChroma = (int)depthChroma + 8,
            Width = (int)width,
            Height = (int)height,
            ReorderDepth = (int)reorder,
            PicOrderCntLsbBits = (int)orderLsbBits,
            Usability = vui.Usability,
            FrameRate = vui.FrameRate,
            IsFieldSequence = vui.IsFieldSequence,
        };
        return true;
    }

    private static bool TrySkipToVui(ref BitReader reader, uint orderLsbBits)
    {
        for (int i = 0; i < 6; i++) { reader.ReadUe(); }                     // coding and transform block sizes and depths
        if (reader.ReadFlag() && reader.ReadFlag()) { SkipScalingLists(ref reader); }
        reader.Skip(2);                                                      // amp_enabled_flag, sample_adaptive_offset_enabled_flag
        if (reader.ReadFlag())
        {
            reader.Skip(8);                                                  // pcm sample bit depths
            reader.ReadUe();
            reader.ReadUe();
            reader.Skip(1);
        }
        if (!TrySkipShortTermSets(ref reader)) { return false; }
        if (reader.ReadFlag())
        {
            uint longTerm = reader.ReadUe();
            if (longTerm > 32) { return false; }
            reader.Skip(longTerm * (orderLsbBits + 1L));
        }
        reader.Skip(2);                                                      // sps_temporal_mvp_enabled_flag, strong_intra_smoothing_enabled_flag
        return !reader.Overrun;
    }

    private static void SkipScalingLists(ref BitReader reader)
    {
        for (int sizeId = 0; sizeId < 4; sizeId++)
        {
            for (int matrixId = 0; matrixId < 6; matrixId += sizeId == 3 ? 3 : 1)
            {
                if (!reader.ReadFlag())
                {
                    reader.ReadUe();                                         // scaling_list_pred_matrix_id_delta
                    continue;
                }
                if (sizeId > 1) { reader.ReadSe(); }
                int coefficients = Math.Min(64, 1 << (4 + (sizeId << 1)));
                for (int i = 0; i < coefficients && !reader.Overrun; i++) { reader.ReadSe(); }
            }
        }
    }

    /// <summary>st_ref_pic_set, §7.3.7: each set may be given as a difference to the one before, so their sizes must be followed.</summary>
    private static bool TrySkipShortTermSets(ref BitReader reader)
    {
        uint sets = reader.ReadUe();
        if (sets > MostShortTermSets) { return false; }
        int previous = 0;                                                    // NumDeltaPocs of the set before
        for (uint set = 0; set < sets; set++)
        {
            if (set > 0 && reader.ReadFlag())
            {
                reader.Skip(1);                                              // delta_rps_sign
                reader.ReadUe();                                             // abs_delta_rps_minus1
                int count = 0;
                for (int j = 0; j <= previous; j++)
                {
                    bool isUsed = reader.ReadFlag();
                    if (isUsed || reader.ReadFlag()) { count++; }
                }
                previous = count;
            }
            else
            {
                uint negative = reader.ReadUe();
                uint positive = reader.ReadUe();
                if (negative > MostDeltaPocs || positive > MostDeltaPocs) { return false; }
                for (uint j = 0; j < negative + positive; j++)
                {
                    reader.ReadUe();
                    reader.Skip(1);
                }
                previous = (int)(negative + positive);
            }
            if (reader.Overrun || previous > MostDeltaPocs) { return false; }
        }
        return true;
    }

    private readonly record struct Vui(VideoUsability Usability, Rational FrameRate, bool IsFieldSequence)
    {
        public static Vui Silent => new(VideoUsability.Unspecified, Rational.Unknown, false);

        public static Vui Read(ref BitReader reader)
        {
            VideoUsability usability = VideoUsability.Read(ref reader);
            reader.Skip(1);                                                  // neutral_chroma_indication_flag
            bool isFieldSequence = reader.ReadFlag();
            reader.Skip(1);                                                  // frame_field_info_present_flag
            if (reader.ReadFlag())
            {
                for (int i = 0; i < 4; i++) { reader.ReadUe(); }             // default display window
            }
            Rational frameRate = Rational.Unknown;
            if (reader.ReadFlag())
            {
                uint unitsInTick = reader.ReadBits(32);
                frameRate = FrameRates.FromTicks(reader.ReadBits(32), unitsInTick);
            }
            return new Vui(usability, frameRate, isFieldSequence);
        }
    }
}
