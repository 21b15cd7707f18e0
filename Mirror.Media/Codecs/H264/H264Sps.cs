using Mirror.Media.Bits;
using Mirror.Media.Frames;

namespace Mirror.Media.Codecs.H264;

/// <summary>A sequence parameter set of H.264 (§7.3.2.1.1, VUI §E.1.1).</summary>
public sealed record H264Sps
{
    /// <summary>Ids are in [0, 31] (§7.4.2.1.1).</summary>
    public const int Count = 32;

    /// <summary>Most bytes of a parameter set that Mirror keeps; real ones have tens.</summary>
    public const int LargestLength = 4096;

    private const uint LargestDimension = 16_384;           // level 6.2 allows 139,264 macroblocks, at most 16,880 wide
    private const int ExtendedChromaFormat = 3;

    /// <summary>seq_parameter_set_id.</summary>
    public required int Id { get; init; }

    /// <summary>profile_idc.</summary>
    public required byte ProfileIdc { get; init; }

    /// <summary>The byte of constraint flags between profile_idc and level_idc.</summary>
    public required byte ConstraintFlags { get; init; }

    /// <summary>level_idc: ten times the level.</summary>
    public required byte LevelIdc { get; init; }

    /// <summary>chroma_format_idc: 0 monochrome, 1 4:2:0, 2 4:2:2, 3 4:4:4.</summary>
    public int ChromaFormatIdc { get; init; } = 1;

    /// <summary>separate_colour_plane_flag.</summary>
    public bool SeparateColourPlanes { get; init; }

    /// <summary>Bits of a luma sample, in [8, 14].</summary>
    public int BitDepthLuma { get; init; } = 8;

    /// <summary>Bits of a chroma sample, in [8, 14].</summary>
    public int BitDepthChroma { get; init; } = 8;

    /// <summary>Bits of frame_num in slice headers.</summary>
    public int FrameNumBits { get; init; }

    /// <summary>pic_order_cnt_type, in [0, 2].</summary>
    public int PicOrderCntType { get; init; }

    /// <summary>Bits of pic_order_cnt_lsb in slice headers, where <see cref="PicOrderCntType"/> is 0.</summary>
    public int PicOrderCntLsbBits { get; init; }

    /// <summary>delta_pic_order_always_zero_flag.</summary>
    public bool DeltaPicOrderAlwaysZero { get; init; }

    /// <summary>frame_mbs_only_flag: no picture is coded as fields.</summary>
    public bool FrameMbsOnly { get; init; } = true;

    /// <summary>Width in luma samples, cropped.</summary>
    public required int Width { get; init; }

    /// <summary>Height in luma samples, cropped.</summary>
    public required int Height { get; init; }

    /// <summary>Sample shape and colour.</summary>
    public VideoUsability Usability { get; init; } = VideoUsability.Unspecified;

    /// <summary>Frames per second that the VUI gives; unknown where it is silent.</summary>
    public Rational FrameRate { get; init; } = Rational.Unknown;

    /// <summary>fixed_frame_rate_flag.</summary>
    public bool IsFixedFrameRate { get; init; }

    /// <summary>max_num_reorder_frames; <see langword="null"/> where the VUI is silent.</summary>
    public int? MaxNumReorderFrames { get; init; }

    /// <summary>
    /// Most frames that precede another in decoding order and follow it in output order: as the VUI says, or else 0 where the profile or the
    /// picture order count leaves no room for any, or else as many as the decoded picture buffer holds (§E.2.1).
    /// </summary>
    public int ReorderDepth => MaxNumReorderFrames ?? (ProfileIdc == 66 || PicOrderCntType == 2 ? 0 : MaxDpbFrames);

    /// <summary>Size of the decoded picture buffer that the level allows, in frames (§A.3.1 h, Table A-1).</summary>
    public int MaxDpbFrames
    {
        get
        {
            int macroblocks = (Width + 15) / 16 * ((Height + 15) / 16);
            int largest = LevelIdc switch
            {
                <= 10 => 396,
                11 => (ConstraintFlags & 0x10) != 0 && ProfileIdc is 66 or 77 or 88 ? 396 : 900,
                12 or 13 or 20 => 2_376,
                21 => 4_752,
                22 or 30 => 8_100,
                31 => 18_000,
                32 => 20_480,
                40 or 41 => 32_768,
                42 => 34_816,
                50 => 110_400,
                51 or 52 => 184_320,
                _ => 696_320,
            };
            return Math.Clamp(largest / Math.Max(1, macroblocks), 1, 16);
        }
    }

    /// <summary>Reads a parameter set from its NAL unit, header byte first.</summary>
    /// <returns><see langword="false"/> when it is not one, is cut short, or holds a value outside its range.</returns>
    public static bool TryParse(ReadOnlySpan<byte> nalUnit, out H264Sps? sps)
    {
        sps = null;
        if (nalUnit.Length < 4 || (nalUnit[0] & 0x1F) != (int)H264NalUnitType.Sps) { return false; }
        Span<byte> buffer = stackalloc byte[Math.Min(nalUnit.Length, LargestLength)];
        var reader = new BitReader(Rbsp.Unescape(nalUnit[1..], buffer));

        byte profileIdc = (byte)reader.ReadBits(8);
        byte constraintFlags = (byte)reader.ReadBits(8);
        byte levelIdc = (byte)reader.ReadBits(8);
        uint id = reader.ReadUe();
        uint chromaFormat = 1;
        bool separatePlanes = false;
        uint depthLuma = 0;
        uint depthChroma = 0;
        if (HasChromaFormat(profileIdc))
        {
            chromaFormat = reader.ReadUe();
            if (chromaFormat == ExtendedChromaFormat) { separatePlanes = reader.ReadFlag(); }
            depthLuma = reader.ReadUe();
            depthChroma = reader.ReadUe();
            reader.Skip(1);                                          // qpprime_y_zero_transform_bypass_flag
            if (reader.ReadFlag()) { SkipScalingLists(ref reader, chromaFormat == ExtendedChromaFormat ? 12 : 8); }
        }
        uint frameNumBits = reader.ReadUe() + 4;
        uint orderType = reader.ReadUe();
        uint orderLsbBits = 0;
        bool deltaAlwaysZero = false;
        if (orderType == 0) { orderLsbBits = reader.ReadUe() + 4; }
        else if (orderType == 1)
        {
            deltaAlwaysZero = reader.ReadFlag();
            reader.ReadSe();                                         // offset_for_non_ref_pic
            reader.ReadSe();                                         // offset_for_top_to_bottom_field
            uint cycle = reader.ReadUe();
            if (cycle > 255) { return false; }
            for (uint i = 0; i < cycle; i++) { reader.ReadSe(); }
        }
        reader.ReadUe();                                             // max_num_ref_frames
        reader.Skip(1);                                              // gaps_in_frame_num_value_allowed_flag
        uint widthInMbs = reader.ReadUe() + 1;
        uint heightInMapUnits = reader.ReadUe() + 1;
        bool frameMbsOnly = reader.ReadFlag();
        if (!frameMbsOnly) { reader.Skip(1); }                       // mb_adaptive_frame_field_flag
        reader.Skip(1);                                              // direct_8x8_inference_flag
        bool isCropped = reader.ReadFlag();
        uint left = isCropped ? reader.ReadUe() : 0;
        uint right = isCropped ? reader.ReadUe() : 0;
        uint top = isCropped ? reader.ReadUe() : 0;
        uint bottom = isCropped ? reader.ReadUe() : 0;

        if (reader.Overrun || id >= Count || chromaFormat > 3 || depthLuma > 6 || depthChroma > 6 || frameNumBits > 16 || orderType > 2
            || orderLsbBits > 16 || widthInMbs > LargestDimension / 16 || heightInMapUnits > LargestDimension / 16) { return false; }
        uint fieldFactor = frameMbsOnly ? 1u : 2u;
        uint cropUnitX = chromaFormat is 1 or 2 && !separatePlanes ? 2u : 1u;
        uint cropUnitY = (chromaFormat == 1 ? 2u : 1u) * fieldFactor;
        long width = 16L * widthInMbs - (long)cropUnitX * (left + (long)right);
        long height = 16L * heightInMapUnits * fieldFactor - (long)cropUnitY * (top + (long)bottom);
        if (width <= 0 || height <= 0 || height > LargestDimension) { return false; }

        Vui vui = reader.ReadFlag() ? Vui.Read(ref reader) : Vui.Silent;
        if (reader.Overrun) { vui = Vui.Silent; }                    // encoders exist that cut the VUI short; the rest is sound
        sps = new H264Sps
        {
            Id = (int)id,
            ProfileIdc = profileIdc,
            ConstraintFlags = constraintFlags,
            LevelIdc = levelIdc,
            ChromaFormatIdc = (int)chromaFormat,
            SeparateColourPlanes = separatePlanes,
            BitDepthLuma = (int)depthLuma + 8,
            BitDepthChroma = (int)depthChroma + 8,
            FrameNumBits = (int)frameNumBits,
            PicOrderCntType = (int)orderType,
            PicOrderCntLsbBits = (int)orderLsbBits,
            DeltaPicOrderAlwaysZero = deltaAlwaysZero,
            FrameMbsOnly = frameMbsOnly,
            Width = (int)width,
            Height = (int)height,
            Usability = vui.Usability,
            FrameRate = vui.FrameRate,
            IsFixedFrameRate = vui.IsFixedFrameRate,
            MaxNumReorderFrames = vui.MaxNumReorderFrames,
        };
        return true;
    }

    /// <summary>Whether the profile's parameter sets and avcC records give a chroma format (§7.3.2.1.1).</summary>
    internal static bool HasChromaFormat(byte profileIdc)
        => profileIdc is 100 or 110 or 122 or 244 or 44 or 83 or 86 or 118 or 128 or 138 or 139 or 134 or 135;

    private static void SkipScalingLists(ref BitReader reader, int lists)
    {
        for (int list = 0; list < lists; list++)
        {
            if (!reader.ReadFlag()) { continue; }
            int size = list < 6 ? 16 : 64;
            int last = 8;
            int next = 8;
            for (int i = 0; i < size && next != 0; i++)
            {
                next = (last + reader.ReadSe() + 256) & 0xFF;
                last = next == 0 ? last : next;
            }
        }
    }

    private readonly record struct Vui(VideoUsability Usability, Rational FrameRate, bool IsFixedFrameRate, int? MaxNumReorderFrames)
    {
        public static Vui Silent => new(VideoUsability.Unspecified, Rational.Unknown, false, null);

        public static Vui Read(ref BitReader reader)
        {
            VideoUsability usability = VideoUsability.Read(ref reader);
            Rational frameRate = Rational.Unknown;
            bool isFixed = false;
            if (reader.ReadFlag())
            {
                uint unitsInTick = reader.ReadBits(32);
                uint timeScale = reader.ReadBits(32);
                isFixed = reader.ReadFlag();
                frameRate = FrameRates.FromTicks(timeScale, 2UL * unitsInTick);      // a tick is a field
            }
            bool hasNalHrd = reader.ReadFlag();
            if (hasNalHrd) { SkipHrd(ref reader); }
            bool hasVclHrd = reader.ReadFlag();
            if (hasVclHrd) { SkipHrd(ref reader); }
            if (hasNalHrd || hasVclHrd) { reader.Skip(1); }                          // low_delay_hrd_flag
            reader.Skip(1);                                                          // pic_struct_present_flag
            int? reorder = null;
            if (reader.ReadFlag())
            {
                reader.Skip(1);                                                      // motion_vectors_over_pic_boundaries_flag
                for (int i = 0; i < 4; i++) { reader.ReadUe(); }                     // denominators and vector lengths
                uint value = reader.ReadUe();
                reorder = value <= 16 ? (int)value : null;
            }
            return new Vui(usability, frameRate, isFixed, reorder);
        }

        private static void SkipHrd(ref BitReader reader)
        {
            uint count = Math.Min(reader.ReadUe() + 1, 32);
            reader.Skip(8);                                                          // bit_rate_scale, cpb_size_scale
            for (uint i = 0; i < count; i++)
            {
                reader.ReadUe();
                reader.ReadUe();
                reader.Skip(1);
            }
            reader.Skip(20);                                                         // delay and time offset lengths
        }
    }
}
