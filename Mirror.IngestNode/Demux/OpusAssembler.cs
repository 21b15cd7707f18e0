using Mirror.Media.Codecs.Opus;
using Mirror.Media.Frames;

namespace Mirror.IngestNode.Demux;

/// <summary>Reads Opus packets behind their control headers (Opus in MPEG-2 TS).</summary>
internal sealed class OpusAssembler(int trackId, byte[] decoderConfiguration, IAudioFrameHandler handler) : AudioAssembler(handler)
{
    private const int LargestPacket = 64 * 1024;       // eight streams of 1275 bytes, six frames each, fit
    private readonly AudioTrack _track = new()
    {
        Id = trackId,
        Codec = Codec.Opus,
        DecoderConfiguration = decoderConfiguration,
        CodecString = OpusDecoderConfiguration.CodecString,
        SampleRate = OpusPacket.SampleRate,
        Channels = decoderConfiguration[1],
    };

    /// <inheritdoc/>
    protected override int ReadFrame(ReadOnlySpan<byte> bytes, out bool isFrame)
    {
        isFrame = false;
        if (bytes.Length < 2) { return 0; }
        if (!OpusControlHeader.IsAt(bytes)) { return SkipTo(0x7F, bytes); }
        if (!OpusControlHeader.TryParse(bytes, out OpusControlHeader header)) { return bytes.Length > LargestPacket ? 1 : 0; }
        if (header.PacketLength is 0 or > LargestPacket) { return 1; }
        int length = header.Length + header.PacketLength;
        if (bytes.Length < length) { return 0; }
        ReadOnlySpan<byte> packet = bytes[header.Length..length];
        isFrame = true;
        if (OpusPacket.TryReadDuration(packet, out int samples)) { Emit(_track, MediaBuffer.CopyOf(packet), samples); }
        else { DroppedUnits++; }
        return length;
    }
}
