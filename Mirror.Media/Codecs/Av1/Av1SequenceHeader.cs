using Mirror.Media.Bits;
using Mirror.Media.Frames;

namespace Mirror.Media.Codecs.Av1;

/// <summary>A sequence header of AV1 (§5.5).</summary>
public sealed record Av1SequenceHeader
{
    private const int HighestProfile = 2;
    private const int LowestTieredLevel = 8;                 // seq_level_idx above 7 has seq_tier
    private const int Select = 2;                            // SELECT_SCREEN_CONTENT_TOOLS
    private const int Identity = 0;                          // MC_IDENTITY
    private const int Bt709 = 1;
    private const int Srgb = 13;

    /// <summary>seq_profile: 0 Main, 1 High, 2 Professional.</summary>
    public required int Profile { get; init; }

    /// <summary>reduced_still_picture_header: a single picture, whose frame header is short.</summary>
    public bool IsReducedStillPicture { get; init; }

    /// <summary>seq_level_idx of the first operating point.</summary>
    public int LevelIdx { get; init; }

    /// <summary>seq_tier of the first operating point: 1 is High.</summary>
    public int Tier { get; init; }

    /// <summary>Largest width in luma samples.</summary>
    public required int Width { get; init; }

    /// <summary>Largest height in luma samples.</summary>
    public required int Height { get; init; }

    /// <summary>Bits of a sample: 8, 10 or 12.</summary>
    public int BitDepth { get; init; } = 8;

    /// <summary>mono_chrome.</summary>
    public bool IsMonochrome { get; init; }

    /// <summary>subsampling_x: chroma has half the width.</summary>
    public bool SubsamplingX { get; init; }

    /// <summary>subsampling_y: chroma has half the height.</summary>
    public bool SubsamplingY { get; init; }

    /// <summary>chroma_sample_position: 0 unknown, 1 vertical, 2 co-located.</summary>
    public int ChromaSamplePosition { get; init; }

    /// <summary>Colour description.</summary>
    public ColourDescription Colour { get; init; } = ColourDescription.Unspecified;

    /// <summary>Frames per second, where pictures are equally far apart; unknown otherwise.</summary>
    public Rational FrameRate { get; init; } = Rational.Unknown;

    /// <summary>Reads the payload of a sequence header OBU.</summary>
    /// <returns><see langword="false"/> when it is cut short or a value is reserved.</returns>
    public static bool TryParse(ReadOnlySpan<byte> payload, out Av1SequenceHeader? header)
    {
        header = null;
        var reader = new BitReader(payload);
        int profile = (int)reader.ReadBits(3);
        reader.Skip(1);                                      // still_picture
        bool isReduced = reader.ReadFlag();
        (int level, int tier) = (0, 0);
        Rational frameRate = Rational.Unknown;
        if (isReduced) { level = (int)reader.ReadBits(5); }
        else { ReadOperatingPoints(ref reader, out level, out tier, out frameRate); }
        int widthBits = (int)reader.ReadBits(4) + 1;
        int heightBits = (int)reader.ReadBits(4) + 1;
        int width = (int)reader.ReadBits(widthBits) + 1;
        int height = (int)reader.ReadBits(heightBits) + 1;
        if (!isReduced && reader.ReadFlag()) { reader.Skip(4 + 3); }     // frame_id_numbers_present_flag: lengths of the numbers
        reader.Skip(3);                                      // use_128x128_superblock, enable_filter_intra, enable_intra_edge_filter
        if (!isReduced) { SkipTools(ref reader); }
        reader.Skip(3);                                      // enable_superres, enable_cdef, enable_restoration
        var found = new Av1SequenceHeader
        {
            Profile = profile,
            IsReducedStillPicture = isReduced,
            LevelIdx = level,
            Tier = tier,
            Width = width,
            Height = height,
            FrameRate = frameRate,
        };
        found = found.WithColour(ref reader);
        reader.Skip(1);                                      // film_grain_params_present
        if (reader.Overrun || profile > HighestProfile) { return false; }
        header = found;
        return true;
    }

    private static void ReadOperatingPoints(ref BitReader reader, out int level, out int tier, out Rational frameRate)
    {
        level = tier = 0;
        frameRate = Rational.Unknown;
        int delayBits = 0;
        if (reader.ReadFlag())                               // timing_info_present_flag
        {
            uint ticks = reader.ReadBits(32);                // num_units_in_display_tick
            uint timeScale = reader.ReadBits(32);
            if (reader.ReadFlag()) { frameRate = FrameRates.FromTicks(timeScale, ticks * ((ulong)ReadUvlc(ref reader) + 1)); }
            if (reader.ReadFlag())                           // decoder_model_info_present_flag
            {
                delayBits = (int)reader.ReadBits(5) + 1;
                reader.Skip(32 + 5 + 5);
            }
        }
        bool hasDisplayDelay = reader.ReadFlag();
        int points = (int)reader.ReadBits(5) + 1;
        for (int i = 0; i < points; i++)
        {
            reader.Skip(12);                                 // operating_point_idc
            int pointLevel = (int)reader.ReadBits(5);
            int pointTier = pointLevel >= LowestTieredLevel ? (int)reader.ReadBits(1) : 0;
            if (i == 0) { (level, tier) = (pointLevel, pointTier); }
            if (delayBits > 0 && reader.ReadFlag()) { reader.Skip(2 * delayBits + 1); }
            if (hasDisplayDelay && reader.ReadFlag()) { reader.Skip(4); }
        }
    }

    private static void SkipTools(ref BitReader reader)
    {
        reader.Skip(4);                                      // interintra, masked compound, warped motion, dual filter
        bool hasOrderHint = reader.ReadFlag();
        if (hasOrderHint) { reader.Skip(2); }                // jnt_comp, ref_frame_mvs
        int screenContent = reader.ReadFlag() ? Select : (int)reader.ReadBits(1);
        if (screenContent > 0 && !reader.ReadFlag()) { reader.Skip(1); }         // seq_force_integer_mv
        if (hasOrderHint) { reader.Skip(3); }                // order_hint_bits_minus_1
    }

    /// <summary>color_config() (§5.5.2).</summary>
    private Av1SequenceHeader WithColour(ref BitReader reader)
    {
        bool isHigh = reader.ReadFlag();
        int depth = isHigh ? Profile == 2 && reader.ReadFlag() ? 12 : 10 : 8;
        bool isMonochrome = Profile != 1 && reader.ReadFlag();
        (byte primaries, byte transfer, byte matrix) = (2, 2, 2);
        if (reader.ReadFlag()) { (primaries, transfer, matrix) = ((byte)reader.ReadBits(8), (byte)reader.ReadBits(8), (byte)reader.ReadBits(8)); }
        bool fullRange = true;
        (bool x, bool y) = (true, true);
        int position = 0;
        if (isMonochrome) { fullRange = reader.ReadFlag(); }
        else if (primaries == Bt709 && transfer == Srgb && matrix == Identity) { (x, y) = (false, false); }
        else
        {
            fullRange = reader.ReadFlag();
            if (Profile == 1) { (x, y) = (false, false); }
            else if (Profile == 2)
            {
                x = depth != 12 || reader.ReadFlag();
                y = depth == 12 && x && reader.ReadFlag();
            }
            if (x && y) { position = (int)reader.ReadBits(2); }
        }
        if (!isMonochrome) { reader.Skip(1); }               // separate_uv_delta_q
        return this with
        {
            BitDepth = depth,
            IsMonochrome = isMonochrome,
            SubsamplingX = x,
            SubsamplingY = y,
            ChromaSamplePosition = position,
            Colour = new ColourDescription(primaries, transfer, matrix, fullRange),
        };
    }

    /// <summary>uvlc() (§4.10.3).</summary>
    private static uint ReadUvlc(ref BitReader reader)
    {
        int zeros = 0;
        while (!reader.Overrun && !reader.ReadFlag()) { zeros++; }
        return zeros >= 32 ? uint.MaxValue : reader.ReadBits(zeros) + (1u << zeros) - 1;
    }
}
