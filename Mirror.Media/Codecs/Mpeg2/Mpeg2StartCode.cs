namespace Mirror.Media.Codecs.Mpeg2;

/// <summary>Start code values of MPEG-1 and MPEG-2 video (H.262 Table 6-1).</summary>
public static class Mpeg2StartCode
{
    /// <summary>picture_start_code.</summary>
    public const byte Picture = 0x00;

    /// <summary>The last of the slices, whose values are their vertical positions from 1.</summary>
    public const byte LastSlice = 0xAF;

    /// <summary>user_data_start_code.</summary>
    public const byte UserData = 0xB2;

    /// <summary>sequence_header_code.</summary>
    public const byte SequenceHeader = 0xB3;

    /// <summary>sequence_error_code: media is known to be missing.</summary>
    public const byte SequenceError = 0xB4;

    /// <summary>extension_start_code.</summary>
    public const byte Extension = 0xB5;

    /// <summary>sequence_end_code.</summary>
    public const byte SequenceEnd = 0xB7;

    /// <summary>group_start_code.</summary>
    public const byte Group = 0xB8;
}
