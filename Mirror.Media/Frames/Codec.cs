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

    /// <summary>ITU-T H.262 | ISO/IEC 13818-2 (MPEG-2 video), and MPEG-1 video, ISO/IEC 11172-2.</summary>
    Mpeg2Video,

    /// <summary>AV1.</summary>
    Av1,

    /// <summary>MPEG audio, layers I to III: ISO/IEC 11172-3 and 13818-3 (MP2, MP3).</summary>
    MpegAudio,

    /// <summary>AC-3, ETSI TS 102 366.</summary>
    Ac3,

    /// <summary>Enhanced AC-3, ETSI TS 102 366 Annex E.</summary>
    Eac3,
}

/// <summary>What follows from a codec alone.</summary>
public static class CodecProperties
{
    /// <summary>Whether samples can be delivered as they came, in CMAF. The others have no place in it, or no player: they are transcoded.</summary>
    public static bool IsDeliverable(this Codec codec) => codec is not (Codec.Mpeg2Video or Codec.MpegAudio);
}
