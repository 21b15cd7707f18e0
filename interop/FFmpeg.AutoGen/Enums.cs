namespace FFmpeg.AutoGen;

/// <summary>libavcodec/codec_id.h.</summary>
public enum AVCodecID
{
    AV_CODEC_ID_MPEG2VIDEO = 2,
    AV_CODEC_ID_MJPEG = 7,
    AV_CODEC_ID_H264 = 27,
    AV_CODEC_ID_HEVC = 173,
    AV_CODEC_ID_AV1 = 226,
    AV_CODEC_ID_MP2 = 86016,
    AV_CODEC_ID_AAC = 86018,
    AV_CODEC_ID_AC3 = 86019,
    AV_CODEC_ID_OPUS = 86076,
}

/// <summary>libavutil/samplefmt.h.</summary>
public enum AVSampleFormat
{
    AV_SAMPLE_FMT_NONE = -1,
    AV_SAMPLE_FMT_S16 = 1,
    AV_SAMPLE_FMT_FLT = 3,
    AV_SAMPLE_FMT_FLTP = 8,
}

/// <summary>libavutil/channel_layout.h.</summary>
public enum AVChannelOrder
{
    AV_CHANNEL_ORDER_UNSPEC = 0,
    AV_CHANNEL_ORDER_NATIVE = 1,
}

/// <summary>libavutil/pixfmt.h.</summary>
public enum AVPixelFormat
{
    AV_PIX_FMT_NONE = -1,
    AV_PIX_FMT_YUV420P = 0,
    AV_PIX_FMT_YUVJ420P = 12,
    AV_PIX_FMT_YUVJ422P = 13,
    AV_PIX_FMT_YUVJ444P = 14,
    AV_PIX_FMT_NV12 = 23,
    AV_PIX_FMT_YUV420P10LE = 62,
    AV_PIX_FMT_CUDA = 117,
    AV_PIX_FMT_P010LE = 159,
}

/// <summary>libavutil/avutil.h.</summary>
public enum AVPictureType
{
    AV_PICTURE_TYPE_NONE = 0,
    AV_PICTURE_TYPE_I = 1,
}

/// <summary>libavcodec/defs.h.</summary>
public enum AVDiscard
{
    AVDISCARD_DEFAULT = 0,
    AVDISCARD_NONREF = 8,
    AVDISCARD_NONKEY = 32,
}

/// <summary>libavutil/hwcontext.h.</summary>
public enum AVHWDeviceType
{
    AV_HWDEVICE_TYPE_NONE = 0,
    AV_HWDEVICE_TYPE_CUDA = 2,
}

/// <summary>libavutil/pixfmt.h.</summary>
public enum AVColorRange
{
    AVCOL_RANGE_UNSPECIFIED = 0,
    AVCOL_RANGE_MPEG = 1,
    AVCOL_RANGE_JPEG = 2,
}

/// <summary>libavutil/pixfmt.h; the numbers of ITU-T H.273.</summary>
public enum AVColorPrimaries
{
    AVCOL_PRI_BT709 = 1,
    AVCOL_PRI_UNSPECIFIED = 2,
    AVCOL_PRI_BT470BG = 5,
    AVCOL_PRI_SMPTE170M = 6,
    AVCOL_PRI_BT2020 = 9,
}

/// <summary>libavutil/pixfmt.h; the numbers of ITU-T H.273.</summary>
public enum AVColorTransferCharacteristic
{
    AVCOL_TRC_BT709 = 1,
    AVCOL_TRC_UNSPECIFIED = 2,
    AVCOL_TRC_SMPTE170M = 6,
    AVCOL_TRC_SMPTE2084 = 16,
    AVCOL_TRC_ARIB_STD_B67 = 18,
}

/// <summary>libavutil/pixfmt.h; the numbers of ITU-T H.273.</summary>
public enum AVColorSpace
{
    AVCOL_SPC_BT709 = 1,
    AVCOL_SPC_UNSPECIFIED = 2,
    AVCOL_SPC_BT470BG = 5,
    AVCOL_SPC_SMPTE170M = 6,
    AVCOL_SPC_BT2020_NCL = 9,
}

/// <summary>libavutil/frame.h.</summary>
public enum AVFrameSideDataType
{
    AV_FRAME_DATA_A53_CC = 1,
    AV_FRAME_DATA_DISPLAYMATRIX = 6,
}
