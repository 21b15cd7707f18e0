namespace Mirror.Media.Frames;

/// <summary>The codecs that Mirror carries.</summary>
public enum Codec
{
    /// <summary>ITU-T H.264 | ISO/IEC 14496-10.</summary>
    H264,

    /// <summary>ITU-T H.265 | ISO/IEC 23008-2 (HEVC).</summary>
    H265,

    /// <summary>MPEG-4 AAC, ISO/IEC 14496-3.</summary>
    Aac,

    /// <summary>Opus, RFC 6716.</summary>
    Opus,
}
