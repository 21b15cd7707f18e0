namespace Mirror.Media.MpegTs;

/// <summary>Values of stream_type (ITU-T H.222.0 Table 2-34) and of format_identifier that Mirror carries.</summary>
public static class StreamType
{
    /// <summary>MPEG-1 video.</summary>
    public const byte Mpeg1Video = 0x01;

    /// <summary>MPEG-2 video.</summary>
    public const byte Mpeg2Video = 0x02;

    /// <summary>MPEG audio of ISO/IEC 11172-3.</summary>
    public const byte Mpeg1Audio = 0x03;

    /// <summary>MPEG audio of ISO/IEC 13818-3.</summary>
    public const byte Mpeg2Audio = 0x04;

    /// <summary>PES packets whose descriptors say what they carry.</summary>
    public const byte PrivatePes = 0x06;

    /// <summary>AAC in ADTS.</summary>
    public const byte AacAdts = 0x0F;

    /// <summary>AAC in LATM and LOAS.</summary>
    public const byte AacLatm = 0x11;

    /// <summary>H.264.</summary>
    public const byte H264 = 0x1B;

    /// <summary>H.265.</summary>
    public const byte H265 = 0x24;

    /// <summary>AC-3, as ATSC A/53 assigns it.</summary>
    public const byte Ac3 = 0x81;

    /// <summary>E-AC-3, as ATSC A/53 assigns it.</summary>
    public const byte Eac3 = 0x87;

    /// <summary>format_identifier 'HEVC' of a private PES stream.</summary>
    public const uint HevcFormat = 0x4845_5643;

    /// <summary>format_identifier 'Opus' of a private PES stream.</summary>
    public const uint OpusFormat = 0x4F70_7573;

    /// <summary>format_identifier 'AV01' of a private PES stream.</summary>
    public const uint Av1Format = 0x4156_3031;

    /// <summary>format_identifier 'AC-3' of a private PES stream.</summary>
    public const uint Ac3Format = 0x4143_2D33;

    /// <summary>format_identifier 'EAC3' of a private PES stream.</summary>
    public const uint Eac3Format = 0x4541_4333;

    /// <summary>What is found in a programme but not carried, in words for a log line.</summary>
    public static string Describe(byte streamType, uint formatIdentifier) => streamType switch
    {
        Mpeg1Video or Mpeg2Video => "MPEG-1/2 video",
        Mpeg1Audio or Mpeg2Audio => "MPEG audio",
        0x05 => "private sections",
        PrivatePes when formatIdentifier != 0 => "private data '" + FourCharacters(formatIdentifier) + "'",
        PrivatePes => "private data",
        AacAdts => "AAC in ADTS",
        AacLatm => "AAC in LATM",
        0x15 => "metadata",
        H264 => "H.264",
        0x21 => "JPEG 2000",
        H265 => "H.265",
        0x32 => "JPEG XS",
        0x33 => "VVC",
        Ac3 => "AC-3",
        0x86 => "SCTE-35",
        Eac3 => "E-AC-3",
        _ => "unknown",
    };

    private static string FourCharacters(uint value)
        => string.Create(4, value, static (text, number) =>
        {
            for (int i = 0; i < text.Length; i++)
            {
                char character = (char)((number >> (24 - 8 * i)) & 0xFF);
                text[i] = char.IsAsciiLetterOrDigit(character) || character == '-' ? character : '?';     // nothing else belongs in a log
            }
        });
}
