namespace Mirror.Media.Codecs.Aac;

/// <summary>The header of an ADTS frame (ISO/IEC 14496-3 §1.A.2.2).</summary>
public readonly record struct AdtsHeader
{   //  FFF(12) id(1) layer(2) protection_absent(1) profile(2) rate(4) private(1) channels(3) … frame_length(13) fullness(11) blocks - 1(2) CRC(16)?

    /// <summary>Bytes of a header without CRC: what must be there to read it.</summary>
    public const int MinimumLength = 7;

    private const int CrcLength = 2;

    /// <summary>audioObjectType, in [1, 4]: 2 is AAC-LC.</summary>
    public int ObjectType { get; private init; }

    /// <summary>sampling_frequency_index, in [0, 12].</summary>
    public int RateIndex { get; private init; }

    /// <summary>channel_configuration, in [0, 7]; 0 means that a program config element in the frame tells.</summary>
    public int ChannelConfiguration { get; private init; }

    /// <summary>Bytes of the frame, header included.</summary>
    public int FrameLength { get; private init; }

    /// <summary>Bytes of the header, CRC included.</summary>
    public int HeaderLength { get; private init; }

    /// <summary>Raw data blocks in the frame, in [1, 4].</summary>
    public int RawDataBlocks { get; private init; }

    /// <summary>Reads the header at the start of <paramref name="bytes"/>.</summary>
    /// <returns><see langword="false"/> when there is no sync word, too little is there, or a value is reserved.</returns>
    public static bool TryParse(ReadOnlySpan<byte> bytes, out AdtsHeader header)
    {
        header = default;
        if (bytes.Length < MinimumLength || bytes[0] != 0xFF || (bytes[1] & 0xF6) != 0xF0) { return false; }
        int rateIndex = (bytes[2] >> 2) & 0x0F;
        int frameLength = ((bytes[3] & 3) << 11) | (bytes[4] << 3) | (bytes[5] >> 5);
        int headerLength = MinimumLength + ((bytes[1] & 1) == 0 ? CrcLength : 0);
        if (AudioSpecificConfig.SampleRateOf(rateIndex) == 0 || frameLength <= headerLength) { return false; }
        header = new AdtsHeader
        {
            ObjectType = (bytes[2] >> 6) + 1,
            RateIndex = rateIndex,
            ChannelConfiguration = ((bytes[2] & 1) << 2) | (bytes[3] >> 6),
            FrameLength = frameLength,
            HeaderLength = headerLength,
            RawDataBlocks = (bytes[6] & 3) + 1,
        };
        return true;
    }

    /// <summary>Whether both headers describe the same format.</summary>
    public bool HasFormatOf(in AdtsHeader other)
        => ObjectType == other.ObjectType && RateIndex == other.RateIndex && ChannelConfiguration == other.ChannelConfiguration;
}
