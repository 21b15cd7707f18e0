using System.Diagnostics.CodeAnalysis;
using Mirror.Media.Bits;

namespace Mirror.Media.Codecs.Aac;

/// <summary>AudioSpecificConfig of AAC (ISO/IEC 14496-3 §1.6.2.1): the decoder configuration of an AAC track.</summary>
public sealed record AudioSpecificConfig
{
    private const int SbrObjectType = 5;
    private const int PsObjectType = 29;
    private const int ExplicitRateIndex = 15;
    private static readonly int[] SampleRates = [96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350];

    /// <summary>audioObjectType as signalled: 2 AAC-LC, 5 with SBR, 29 with SBR and PS.</summary>
    public required int ObjectType { get; init; }

    /// <summary>Samples per second of the core decoder.</summary>
    public required int CoreSampleRate { get; init; }

    /// <summary>Samples per second of the output: of the SBR extension where it is signalled.</summary>
    public required int SampleRate { get; init; }

    /// <summary>Channels of the output.</summary>
    public required int Channels { get; init; }

    /// <summary>Samples of the output that one frame decodes to.</summary>
    public required int SamplesPerFrame { get; init; }

    /// <summary>The configuration's own bits, the last byte filled with zeros.</summary>
    public required ReadOnlyMemory<byte> Bytes { get; init; }

    /// <summary>The channels stand in a program config element: no channelConfiguration says the same. Browsers refuse that.</summary>
    public bool HasLayoutOfItsOwn { get; init; }

    /// <summary>The codec string (RFC 6381 §3.3), such as <c>mp4a.40.2</c>.</summary>
    public string CodecString => $"mp4a.40.{ObjectType}";

    /// <summary>The rate of samplingFrequencyIndex; 0 where the index is reserved.</summary>
    public static int SampleRateOf(int index) => index < SampleRates.Length ? SampleRates[index] : 0;

    /// <summary>Channels of a channelConfiguration (Table 1.19); 0 where a program config element must tell, or the value is reserved.</summary>
    public static int ChannelsOf(int configuration) => configuration switch { >= 1 and <= 6 => configuration, 7 or 12 or 14 => 8, 11 => 7, 13 => 24, _ => 0 };

    /// <summary>The configuration that an ADTS header stands for.</summary>
    /// <param name="objectType">audioObjectType, in [1, 4].</param>
    /// <param name="rateIndex">samplingFrequencyIndex, in [0, 12].</param>
    /// <param name="channelConfiguration">channelConfiguration, in [0, 7].</param>
    public static AudioSpecificConfig FromAdts(int objectType, int rateIndex, int channelConfiguration)
    {
        int bits = (objectType << 11) | (rateIndex << 7) | (channelConfiguration << 3);
        return new AudioSpecificConfig
        {
            ObjectType = objectType,
            CoreSampleRate = SampleRateOf(rateIndex),
            SampleRate = SampleRateOf(rateIndex),
            Channels = ChannelsOf(channelConfiguration),
            SamplesPerFrame = 1024,
            Bytes = new[] { (byte)(bits >> 8), (byte)bits },
        };
    }

    /// <summary>The configuration of an ADTS stream whose frames spell out their layout: the channelConfiguration that stands for it, or the element itself.</summary>
    /// <param name="objectType">audioObjectType, in [1, 4].</param>
    /// <param name="rateIndex">samplingFrequencyIndex, in [0, 12].</param>
    /// <param name="rawDataBlock">A raw data block that starts with a program config element.</param>
    /// <param name="config">The configuration.</param>
    /// <param name="elementLength">Bytes of the element at the start of the block.</param>
    /// <returns><see langword="false"/> where the block does not start with one, or it is damaged.</returns>
    public static bool TryReadProgramConfig(int objectType, int rateIndex, ReadOnlySpan<byte> rawDataBlock, [NotNullWhen(true)] out AudioSpecificConfig? config, out int elementLength)
    {
        const int IdBits = 3;
        (config, elementLength) = (null, 0);
        var reader = new BitReader(rawDataBlock);
        if (reader.ReadBits(IdBits) != ProgramConfigElement.ElementId || !ProgramConfigElement.TryRead(ref reader, alignment: 0, out ProgramConfigElement element)) { return false; }
        elementLength = (int)(reader.Position / 8);
        config = FromAdts(objectType, rateIndex, element.ChannelConfiguration);
        if (element.ChannelConfiguration == 0)
        {
            config = config with { HasLayoutOfItsOwn = true, Channels = element.Channels, Bytes = (byte[])[.. config.Bytes.Span, .. BitCopy.Slice(rawDataBlock, IdBits, element.Syntax), 0] };
        }
        return true;
    }

    /// <summary>Reads a configuration that fills <paramref name="bytes"/>.</summary>
    public static bool TryParse(ReadOnlySpan<byte> bytes, out AudioSpecificConfig? config)
    {
        var reader = new BitReader(bytes);
        return TryRead(ref reader, bytes, out config);
    }

    /// <summary>Reads a configuration from the place where <paramref name="reader"/> stands in <paramref name="source"/>, and moves past it.</summary>
    /// <returns><see langword="false"/> for object types other than AAC Main, LC, SSR and LTP.</returns>
    internal static bool TryRead(ref BitReader reader, ReadOnlySpan<byte> source, out AudioSpecificConfig? config)
    {
        config = null;
        long start = reader.Position;
        int objectType = ReadObjectType(ref reader);
        int coreRate = ReadSampleRate(ref reader);
        long configurationStart = reader.Position;
        int channelConfiguration = (int)reader.ReadBits(4);
        int outputRate = coreRate;
        int coreType = objectType;
        if (objectType is SbrObjectType or PsObjectType)
        {
            outputRate = ReadSampleRate(ref reader);
            coreType = ReadObjectType(ref reader);
        }
        if (coreType is < 1 or > 4) { return false; }
        bool isShortFrame = reader.ReadFlag();                       // frameLengthFlag: 960 samples
        if (reader.ReadFlag()) { reader.Skip(14); }                  // coreCoderDelay
        reader.Skip(1);                                              // extensionFlag: nothing follows it for these types
        long end = reader.Position;
        int channels = ChannelsOf(channelConfiguration);
        ProgramConfigElement element = default;
        if (channelConfiguration == 0)
        {
            if (!ProgramConfigElement.TryRead(ref reader, start, out element)) { return false; }
            channels = element.Channels;
        }
        if (objectType == PsObjectType && channels == 1) { channels = 2; }
        if (reader.Overrun || coreRate == 0 || outputRate == 0 || channels == 0) { return false; }
        long samples = (isShortFrame ? 960L : 1024L) * outputRate / coreRate;
        if (samples is < 1 or > 8192) { return false; }
        config = new AudioSpecificConfig
        {
            ObjectType = objectType,
            CoreSampleRate = coreRate,
            SampleRate = outputRate,
            Channels = channels,
            SamplesPerFrame = (int)samples,
            HasLayoutOfItsOwn = channelConfiguration == 0 && element.ChannelConfiguration == 0,
            Bytes = element.ChannelConfiguration > 0
                ? WithConfiguration(BitCopy.Slice(source, start, (int)(end - start)), (int)(configurationStart - start), element.ChannelConfiguration)
                : BitCopy.Slice(source, start, (int)(reader.Position - start)),
        };
        return true;
    }

    /// <summary>Writes channelConfiguration, which was 0, into the four bits at <paramref name="bit"/>.</summary>
    private static byte[] WithConfiguration(byte[] bytes, int bit, int channelConfiguration)
    {
        for (int i = 0; i < 4; i++)
        {
            int isSet = (channelConfiguration >> (3 - i)) & 1;
            bytes[(bit + i) / 8] |= (byte)(isSet << (7 - (bit + i) % 8));
        }
        return bytes;
    }

    private static int ReadObjectType(ref BitReader reader)
    {
        int type = (int)reader.ReadBits(5);
        return type == 31 ? 32 + (int)reader.ReadBits(6) : type;
    }

    private static int ReadSampleRate(ref BitReader reader)
    {
        int index = (int)reader.ReadBits(4);
        if (index != ExplicitRateIndex) { return SampleRateOf(index); }
        int rate = (int)reader.ReadBits(24);
        return rate is >= 1_000 and <= 192_000 ? rate : 0;
    }
}
