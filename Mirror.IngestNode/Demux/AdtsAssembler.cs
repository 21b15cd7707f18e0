using Mirror.Media.Codecs.Aac;
using Mirror.Media.Frames;

namespace Mirror.IngestNode.Demux;

/// <summary>Reads AAC frames from ADTS (ISO/IEC 14496-3 §1.A.2).</summary>
internal sealed class AdtsAssembler(int trackId, IAudioFrameHandler handler) : AudioAssembler(handler)
{
    private AdtsHeader _format;
    private AudioTrack? _track;
    private byte[] _programConfig = [];                      // the element in force, where the header leaves the channels to it

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
        ReadOnlySpan<byte> block = bytes[header.HeaderLength..header.FrameLength];
        bool isSupported = header.RawDataBlocks == 1 && (header.ChannelConfiguration != 0 ? isKnown || SetFormat(header) : TryTakeProgramConfig(header, isKnown, ref block));
        if (!isSupported || block.IsEmpty)
        {
            UnsupportedFrames++;
            return header.FrameLength;
        }
        Emit(_track!, MediaBuffer.CopyOf(block), AacSamplesPerFrame);
        return header.FrameLength;
    }

    private const int AacSamplesPerFrame = 1024;

    private static bool IsFollowedByFrame(ReadOnlySpan<byte> rest) => rest.Length < 2 || (rest[0] == 0xFF && (rest[1] & 0xF6) == 0xF0);

    private bool SetFormat(in AdtsHeader header)
    {
        _format = header;
        AudioSpecificConfig config = AudioSpecificConfig.FromAdts(header.ObjectType, header.RateIndex, header.ChannelConfiguration);
        _track = AacTrack.Create(trackId, config);
        return true;
    }

    /// <summary>
    /// Frames without channel configuration say their layout in an element at their start, usually each of them. It is taken into the
    /// decoder configuration and out of the frame: it ends at a byte, so the rest is a raw data block still.
    /// </summary>
    private bool TryTakeProgramConfig(in AdtsHeader header, bool isKnown, ref ReadOnlySpan<byte> block)
    {
        bool isSame = isKnown && _programConfig.Length > 0 && block.StartsWith(_programConfig);
        if (isSame)
        {
            block = block[_programConfig.Length..];
            return true;
        }
        if (!AudioSpecificConfig.TryReadProgramConfig(header.ObjectType, header.RateIndex, block, out AudioSpecificConfig? config, out int length)) { return isKnown; }
        _format = header;
        _programConfig = block[..length].ToArray();
        _track = AacTrack.Create(trackId, config);
        block = block[length..];
        return true;
    }
}
