using Mirror.Media.Codecs.MpegAudio;
using Mirror.Media.Frames;

namespace Mirror.IngestNode.Demux;

/// <summary>Reads MPEG audio frames, layers I to III (ISO/IEC 11172-3, 13818-3).</summary>
internal sealed class MpegAudioAssembler(int trackId, IAudioFrameHandler handler) : AudioAssembler(handler)
{
    private MpegAudioHeader _format;
    private AudioTrack? _track;

    /// <inheritdoc/>
    protected override int ReadFrame(ReadOnlySpan<byte> bytes, out bool isFrame)
    {
        isFrame = false;
        if (bytes.Length < MpegAudioHeader.Length) { return 0; }
        if (!MpegAudioHeader.TryParse(bytes, out MpegAudioHeader header)) { return SkipTo(0xFF, bytes); }
        if (bytes.Length < header.FrameLength) { return 0; }
        bool isKnown = _track is not null && header.HasFormatOf(_format);
        if (!isKnown && !IsFollowedByFrame(header, bytes[header.FrameLength..])) { return SkipTo(0xFF, bytes); }      // eleven bits alone prove little
        isFrame = true;
        if (!isKnown) { SetFormat(header); }
        Emit(_track!, MediaBuffer.CopyOf(bytes[..header.FrameLength]), header.SampleCount);
        return header.FrameLength;
    }

    private static bool IsFollowedByFrame(in MpegAudioHeader header, ReadOnlySpan<byte> rest)
        => rest.Length < MpegAudioHeader.Length || (MpegAudioHeader.TryParse(rest, out MpegAudioHeader next) && next.HasFormatOf(header));

    private void SetFormat(in MpegAudioHeader header)
    {
        _format = header;
        _track = new AudioTrack
        {
            Id = trackId,
            Codec = Codec.MpegAudio,
            DecoderConfiguration = ReadOnlyMemory<byte>.Empty,
            CodecString = header.CodecString,
            SampleRate = header.SampleRate,
            Channels = header.Channels,
        };
    }
}
