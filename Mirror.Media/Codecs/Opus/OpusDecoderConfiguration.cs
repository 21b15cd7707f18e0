using System.Buffers.Binary;

namespace Mirror.Media.Codecs.Opus;

/// <summary>OpusSpecificBox, the body of <c>dOps</c> (Opus in ISOBMFF §4.3.2).</summary>
public static class OpusDecoderConfiguration
{   //  Version 0 | OutputChannelCount | PreSkip(16) | InputSampleRate(32) | OutputGain(16) | ChannelMappingFamily | streams coupled mapping × channels, if the family is not 0

    /// <summary>The codec string. Registered as 'Opus'; browsers' Media Source Extensions take it in lower case more widely.</summary>
    public const string CodecString = "opus";

    private const int FixedLength = 11;
    private static readonly byte[][] VorbisMappings =       // RFC 7845 §5.1.1.2, channels 1 to 8
    [
        [0], [0, 1], [0, 2, 1], [0, 1, 2, 3], [0, 4, 1, 2, 3], [0, 4, 1, 2, 3, 5], [0, 4, 1, 2, 3, 5, 6], [0, 6, 1, 2, 3, 4, 5, 7],
    ];
    private static readonly byte[] Streams = [1, 1, 2, 2, 3, 4, 4, 5];
    private static readonly byte[] CoupledStreams = [0, 1, 1, 2, 2, 2, 3, 3];

    /// <summary>Writes the body for the channel layouts of a transport stream.</summary>
    /// <param name="channelConfigCode">channel_config_code of the Opus extension descriptor: 0 is two independent channels, 1 to 8 are that many in Vorbis order.</param>
    /// <param name="body">The body; its second byte is the number of channels.</param>
    /// <returns><see langword="false"/> for codes with an explicit mapping, which Mirror does not carry.</returns>
    /// <remarks>PreSkip is 0: who joins a live stream has no start to skip, and timestamps already account for it.</remarks>
    public static bool TryBuild(int channelConfigCode, out byte[] body)
    {
        body = [];
        if (channelConfigCode is < 0 or > 8) { return false; }
        bool isDualMono = channelConfigCode == 0;
        int channels = isDualMono ? 2 : channelConfigCode;
        byte family = isDualMono ? (byte)255 : channels <= 2 ? (byte)0 : (byte)1;
        body = new byte[FixedLength + (family == 0 ? 0 : 2 + channels)];
        body[1] = (byte)channels;
        BinaryPrimitives.WriteUInt32BigEndian(body.AsSpan(4), OpusPacket.SampleRate);
        body[10] = family;
        if (family == 0) { return true; }
        body[11] = isDualMono ? (byte)2 : Streams[channels - 1];
        body[12] = isDualMono ? (byte)0 : CoupledStreams[channels - 1];
        VorbisMappings[channels - 1].CopyTo(body, 13);
        return true;
    }
}
