using Mirror.Media.Codecs.Aac;
using Mirror.Media.Frames;

namespace Mirror.IngestNode.Demux;

/// <summary>Reads AAC frames from ADTS (ISO/IEC 14496-3 §1.A.2).</summary>
internal sealed class AdtsAssembler(int trackId, IAudioFrameHandler handler) : AudioAssembler(handler)
{
    private AdtsHeader _format;
    private AudioTrack? _track;

    /// <inheritdoc/>
    protected override int ReadFrame(ReadOnlySpan<byte> bytes, out bool isFrame)
    {
        isFrame = false;
        if (bytes.Length < AdtsHeader.MinimumLength) { return 0; }
        if (!AdtsHeader.TryParse(bytes, out AdtsHeader header)) { return SkipTo(0xFF, bytes); }
        if (bytes.Length < header.FrameLength) { return 0; }
        bool isKnown = _track is not null && header.HasFormatOf(_format);
        if (!isKnown && !IsFollowedByFrame(bytes[header.FrameLength..])) { return SkipTo(0xFF, bytes); }      // twelve bits alone prove little
        isFrame = true;
        if (header.RawDataBlocks > 1 || header.ChannelConfiguration == 0)
        {
            UnsupportedFrames++;
            return header.FrameLength;
        }
        if (!isKnown) { SetFormat(header); }
        Emit(_track!, MediaBuffer.CopyOf(bytes[header.HeaderLength..header.FrameLength]), AacSamplesPerFrame);
        return header.FrameLength;
    }

    private const int AacSamplesPerFrame = 1024;

    private static bool IsFollowedByFrame(ReadOnlySpan<byte> rest) => rest.Length < 2 || (rest[0] == 0xFF && (rest[1] & 0xF6) == 0xF0);

    private void SetFormat(in AdtsHeader header)
    {
        _format = header;
        AudioSpecificConfig config = AudioSpecificConfig.FromAdts(header.ObjectType, header.RateIndex, header.ChannelConfiguration);
        _track = AacTrack.Create(trackId, config);
    }
}
