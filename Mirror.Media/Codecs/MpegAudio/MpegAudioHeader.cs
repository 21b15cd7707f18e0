namespace Mirror.Media.Codecs.MpegAudio;

/// <summary>The header of an MPEG audio frame (ISO/IEC 11172-3 §2.4.1.3, ISO/IEC 13818-3 §2.4.1.3).</summary>
public readonly record struct MpegAudioHeader
{   //  7FF(11) version(2) layer(2) protection(1) | bitrate(4) rate(2) padding(1) private(1) | mode(2) extension(2) copyright(1) original(1) emphasis(2)

    /// <summary>Bytes of the header.</summary>
    public const int Length = 4;

    private const int Mpeg1 = 3;
    private const int Mpeg25 = 0;                            // of low rates, not of the standard: 8 to 12 kHz
    private const int ReservedVersion = 1;
    private const int ReservedEmphasis = 2;
    private const int SingleChannel = 3;
    private static readonly int[] Rates = [44_100, 48_000, 32_000];
    private static readonly int[] Layer1Kbps = [0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448];
    private static readonly int[] Layer2Kbps = [0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384];
    private static readonly int[] Layer3Kbps = [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320];
    private static readonly int[] LowLayer1Kbps = [0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256];
    private static readonly int[] LowLayer23Kbps = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160];

    /// <summary>Layer, in [1, 3]: 2 is MP2, 3 is MP3.</summary>
    public int Layer { get; private init; }

    /// <summary>Samples per second.</summary>
    public int SampleRate { get; private init; }

    /// <summary>1 or 2.</summary>
    public int Channels { get; private init; }

    /// <summary>Samples a channel that the frame decodes to: 384, 576 or 1152.</summary>
    public int SampleCount { get; private init; }

    /// <summary>Bytes of the frame, header included.</summary>
    public int FrameLength { get; private init; }

    /// <summary>The codec string, by MPEG-4 audio object type (RFC 6381 §3.3): 32 to 34 are layers 1 to 3.</summary>
    public string CodecString => $"mp4a.40.{31 + Layer}";

    /// <summary>Reads the header at the start of <paramref name="bytes"/>.</summary>
    /// <returns><see langword="false"/> when there is no sync word, too little is there, a value is reserved, or the bit rate is not told (free format).</returns>
    public static bool TryParse(ReadOnlySpan<byte> bytes, out MpegAudioHeader header)
    {
        header = default;
        if (bytes.Length < Length || bytes[0] != 0xFF || (bytes[1] & 0xE0) != 0xE0) { return false; }
        int version = (bytes[1] >> 3) & 3;
        int layer = 4 - ((bytes[1] >> 1) & 3);
        int bitrateIndex = bytes[2] >> 4;
        int rateIndex = (bytes[2] >> 2) & 3;
        if (version == ReservedVersion || layer == 4 || bitrateIndex is 0 or 15 || rateIndex == 3 || (bytes[3] & 3) == ReservedEmphasis) { return false; }
        bool isMpeg1 = version == Mpeg1;
        int sampleRate = Rates[rateIndex] >> (isMpeg1 ? 0 : version == Mpeg25 ? 2 : 1);
        int bitrate = 1_000 * BitratesOf(layer, isMpeg1)[bitrateIndex];
        int padding = (bytes[2] >> 1) & 1;
        int sampleCount = layer switch { 1 => 384, 3 when !isMpeg1 => 576, _ => 1_152 };
        header = new MpegAudioHeader
        {
            Layer = layer,
            SampleRate = sampleRate,
            Channels = bytes[3] >> 6 == SingleChannel ? 1 : 2,
            SampleCount = sampleCount,
            FrameLength = layer == 1 ? (12 * bitrate / sampleRate + padding) * 4 : sampleCount / 8 * bitrate / sampleRate + padding,   // slots of 4 bytes, or 1
        };
        return true;
    }

    /// <summary>Whether both headers describe the same format; the bit rate may differ.</summary>
    public bool HasFormatOf(in MpegAudioHeader other) => Layer == other.Layer && SampleRate == other.SampleRate && Channels == other.Channels;

    private static int[] BitratesOf(int layer, bool isMpeg1) => (layer, isMpeg1) switch
    {
        (1, true) => Layer1Kbps,
        (2, true) => Layer2Kbps,
        (3, true) => Layer3Kbps,
        (1, false) => LowLayer1Kbps,
        _ => LowLayer23Kbps,
    };
}
