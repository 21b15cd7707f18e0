using Mirror.Media.Bits;
using Mirror.Media.Frames;

namespace Mirror.Media.Codecs.Ac3;

/// <summary>The header of a syncframe of AC-3 (ETSI TS 102 366 §4.3) or E-AC-3 (§E.1.2).</summary>
public readonly record struct Ac3Header
{   //  AC-3:   0B77(16) crc1(16) fscod(2) frmsizecod(6) bsid(5) bsmod(3) acmod(3) cmixlev(2)? surmixlev(2)? dsurmod(2)? lfeon(1)
    //  E-AC-3: 0B77(16) strmtyp(2) substreamid(3) frmsiz(11) fscod(2) {fscod2(2) | numblkscod(2)} acmod(3) lfeon(1) bsid(5)

    /// <summary>Bytes that must be there to read it.</summary>
    public const int MinimumLength = 8;

    private const int LargestAc3Bsid = 10;                   // 9 and 10 are AC-3 of half and quarter rates
    private const int LargestEac3Bsid = 16;
    private const int SamplesPerBlock = 256;
    private const int BlocksPerFrame = 6;
    private const int LowRate = 3;                           // fscod of E-AC-3: fscod2 tells
    private const int ReservedStreamType = 3;
    private static readonly int[] Rates = [48_000, 44_100, 32_000];
    private static readonly int[] Kbps = [32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 576, 640];
    private static readonly int[] Blocks = [1, 2, 3, BlocksPerFrame];
    private static readonly int[] FullChannels = [2, 1, 2, 3, 3, 4, 4, 5];

    /// <summary>E-AC-3, rather than AC-3.</summary>
    public bool IsEnhanced { get; private init; }

    /// <summary>bsid: the version of the syntax.</summary>
    public int Bsid { get; private init; }

    /// <summary>bsmod: the kind of service, 0 is a complete main programme. E-AC-3 gives it far behind the header; it is 0 here.</summary>
    public int Bsmod { get; private init; }

    /// <summary>acmod: which full-range channels there are.</summary>
    public int Acmod { get; private init; }

    /// <summary>lfeon: there is a low-frequency channel.</summary>
    public bool HasLfe { get; private init; }

    /// <summary>fscod: 0 is 48 kHz, 1 44.1 kHz, 2 32 kHz; of E-AC-3 3 is half of one of them.</summary>
    public int Fscod { get; private init; }

    /// <summary>bit_rate_code: the upper bits of frmsizecod of AC-3.</summary>
    public int BitRateCode { get; private init; }

    /// <summary>E-AC-3: extends the channels of the independent substream before it.</summary>
    public bool IsDependent { get; private init; }

    /// <summary>E-AC-3: substreamid, in [0, 7]; 0 is the main programme.</summary>
    public int SubstreamId { get; private init; }

    /// <summary>Samples per second.</summary>
    public int SampleRate { get; private init; }

    /// <summary>Channels of the substream, the low-frequency one included.</summary>
    public int Channels => FullChannels[Acmod] + (HasLfe ? 1 : 0);

    /// <summary>Samples a channel that the syncframe decodes to: 1536, or less of E-AC-3.</summary>
    public int SampleCount { get; private init; }

    /// <summary>Bytes of the syncframe, in [8, 4096].</summary>
    public int FrameLength { get; private init; }

    /// <summary>The codec.</summary>
    public Codec Codec => IsEnhanced ? Codec.Eac3 : Codec.Ac3;

    /// <summary>Reads the header at the start of <paramref name="bytes"/>.</summary>
    /// <returns><see langword="false"/> when there is no sync word, too little is there, or a value is reserved.</returns>
    public static bool TryParse(ReadOnlySpan<byte> bytes, out Ac3Header header)
    {
        header = default;
        if (bytes.Length < MinimumLength || bytes[0] != 0x0B || bytes[1] != 0x77) { return false; }
        int bsid = bytes[5] >> 3;                            // stands at the same place in both
        var reader = new BitReader(bytes[2..]);
        return bsid switch
        {
            <= LargestAc3Bsid => TryReadAc3(ref reader, bsid, out header),
            <= LargestEac3Bsid => TryReadEac3(ref reader, bsid, out header),
            _ => false,
        };
    }

    /// <summary>Whether both headers describe the same format; the bit rate may differ.</summary>
    public bool HasFormatOf(in Ac3Header other)
        => IsEnhanced == other.IsEnhanced && Bsid == other.Bsid && Bsmod == other.Bsmod && Acmod == other.Acmod && HasLfe == other.HasLfe && SampleRate == other.SampleRate;

    private static bool TryReadAc3(ref BitReader reader, int bsid, out Ac3Header header)
    {
        header = default;
        reader.Skip(16);                                     // crc1
        int fscod = (int)reader.ReadBits(2);
        int sizeCode = (int)reader.ReadBits(6);
        reader.Skip(5);                                      // bsid
        int bsmod = (int)reader.ReadBits(3);
        int acmod = (int)reader.ReadBits(3);
        if ((acmod & 1) != 0 && acmod != 1) { reader.Skip(2); }      // cmixlev: three front channels
        if ((acmod & 4) != 0) { reader.Skip(2); }                    // surmixlev
        if (acmod == 2) { reader.Skip(2); }                          // dsurmod
        bool hasLfe = reader.ReadFlag();
        if (fscod >= Rates.Length || sizeCode >> 1 >= Kbps.Length) { return false; }
        int kbps = Kbps[sizeCode >> 1];
        int words = fscod switch { 0 => 2 * kbps, 1 => 320 * kbps / 147 + (sizeCode & 1), _ => 3 * kbps };      // of 16 bits, Table 4.13
        header = new Ac3Header
        {
            Bsid = bsid,
            Bsmod = bsmod,
            Acmod = acmod,
            HasLfe = hasLfe,
            Fscod = fscod,
            BitRateCode = sizeCode >> 1,
            SampleRate = Rates[fscod] >> Math.Max(0, bsid - 8),
            SampleCount = BlocksPerFrame * SamplesPerBlock,
            FrameLength = 2 * words,
        };
        return true;
    }

    private static bool TryReadEac3(ref BitReader reader, int bsid, out Ac3Header header)
    {
        header = default;
        int streamType = (int)reader.ReadBits(2);
        int substream = (int)reader.ReadBits(3);
        int length = 2 * ((int)reader.ReadBits(11) + 1);
        int fscod = (int)reader.ReadBits(2);
        int code = (int)reader.ReadBits(2);                  // fscod2 where fscod is 3, numblkscod otherwise
        int acmod = (int)reader.ReadBits(3);
        bool hasLfe = reader.ReadFlag();
        if (streamType == ReservedStreamType || length < MinimumLength || (fscod == LowRate && code >= Rates.Length)) { return false; }
        header = new Ac3Header
        {
            IsEnhanced = true,
            Bsid = bsid,
            Acmod = acmod,
            HasLfe = hasLfe,
            Fscod = fscod,
            IsDependent = streamType == 1,
            SubstreamId = substream,
            SampleRate = fscod == LowRate ? Rates[code] / 2 : Rates[fscod],
            SampleCount = SamplesPerBlock * (fscod == LowRate ? BlocksPerFrame : Blocks[code]),
            FrameLength = length,
        };
        return true;
    }
}
