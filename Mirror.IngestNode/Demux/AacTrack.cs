using Mirror.Media.Codecs.Aac;
using Mirror.Media.Frames;

namespace Mirror.IngestNode.Demux;

/// <summary>Makes the track of an AAC configuration.</summary>
internal static class AacTrack
{
    public static AudioTrack Create(int trackId, AudioSpecificConfig config) => new()
    {
        Id = trackId,
        Codec = Codec.Aac,
        DecoderConfiguration = config.Bytes,
        CodecString = config.CodecString,
        SampleRate = config.SampleRate,
        Channels = config.Channels,
        HasLayoutOfItsOwn = config.HasLayoutOfItsOwn,
    };
}
