using FFmpeg.AutoGen;
using Mirror.Media.Frames;

namespace Mirror.GpuTranscode.FFmpeg;

/// <summary>Colour of a decoded frame, and of what is made of it: SDR, 8 bit, video range.</summary>
internal readonly record struct FrameColour(
    AVColorPrimaries Primaries, AVColorTransferCharacteristic Transfer, AVColorSpace Matrix, bool IsFullRange)
{
    private const int HighDefinition = 720;                  // lines from which players take BT.709 where nothing is said
    private const int FiveHundredSeventySix = 576;

    /// <summary>PQ, HLG or the wide gamut of BT.2020: needs tone mapping for a screen of BT.709.</summary>
    public bool IsWide => Transfer is AVColorTransferCharacteristic.AVCOL_TRC_SMPTE2084 or AVColorTransferCharacteristic.AVCOL_TRC_ARIB_STD_B67
        || Primaries == AVColorPrimaries.AVCOL_PRI_BT2020;

    /// <summary>As the frame says.</summary>
    public static unsafe FrameColour Of(AVFrame* frame) => new(frame->color_primaries, frame->color_trc, frame->colorspace,
        frame->color_range == AVColorRange.AVCOL_RANGE_JPEG
            || (AVPixelFormat)frame->format is AVPixelFormat.AV_PIX_FMT_YUVJ420P or AVPixelFormat.AV_PIX_FMT_YUVJ422P or AVPixelFormat.AV_PIX_FMT_YUVJ444P);

    /// <summary>As the track says; the code points are those of H.273, which FFmpeg shares.</summary>
    public static FrameColour Of(ColourDescription colour) => new(
        (AVColorPrimaries)colour.Primaries, (AVColorTransferCharacteristic)colour.Transfer, (AVColorSpace)colour.Matrix, colour.FullRange);

    /// <summary>
    /// The colour in which pictures of this one are encoded: BT.709 for what is wide, otherwise as it is, in video range. What is not said is
    /// filled in by the height of the source, because players guess by the height of what they get, which differs from rung to rung.
    /// </summary>
    /// <param name="height">Height of the source picture.</param>
    public FrameColour ForEncoding(int height)
    {
        FrameColour guess = height >= HighDefinition ? Standard
            : height >= FiveHundredSeventySix ? new(AVColorPrimaries.AVCOL_PRI_BT470BG, AVColorTransferCharacteristic.AVCOL_TRC_SMPTE170M, AVColorSpace.AVCOL_SPC_BT470BG, false)
            : new(AVColorPrimaries.AVCOL_PRI_SMPTE170M, AVColorTransferCharacteristic.AVCOL_TRC_SMPTE170M, AVColorSpace.AVCOL_SPC_SMPTE170M, false);
        if (IsWide) { return Standard; }
        return new(
            IsUnknown((int)Primaries) ? guess.Primaries : Primaries,
            IsUnknown((int)Transfer) ? guess.Transfer : Transfer,
            IsUnknown((int)Matrix) ? guess.Matrix : Matrix,
            IsFullRange: false);
    }

    /// <summary>BT.709 in video range.</summary>
    private static FrameColour Standard => new(AVColorPrimaries.AVCOL_PRI_BT709, AVColorTransferCharacteristic.AVCOL_TRC_BT709, AVColorSpace.AVCOL_SPC_BT709, false);

    // 0 is reserved for primaries and transfer, and RGB for the matrix: neither can stand for pictures of luma and chroma.
    private static bool IsUnknown(int codePoint) => codePoint is 0 or (int)AVColorPrimaries.AVCOL_PRI_UNSPECIFIED;
}
