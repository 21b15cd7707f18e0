using Mirror.Media.Codecs.Ac3;
using Mirror.Media.Frames;

namespace Mirror.IngestNode.Demux;

/// <summary>Reads AC-3 and E-AC-3 syncframes (ETSI TS 102 366).</summary>
/// <remarks>
/// Dependent substreams of E-AC-3 belong to the frame of the independent one before them. Multiplexers put both into one PES packet, so its
/// end ends the frame; where a stream turns out to do otherwise, a frame ends when the next one starts. Further programmes (independent
/// substreams other than 0) are left out.
/// </remarks>
internal sealed class Ac3Assembler(int trackId, IAudioFrameHandler handler) : AudioAssembler(handler)
{
    private Ac3Header _format;
    private int _dependents;                       // of the format in force
    private bool _waitsForNext;                    // frames go on in the next PES packet
    private AudioTrack? _track;

    /// <inheritdoc/>
    protected override int ReadFrame(ReadOnlySpan<byte> bytes, out bool isFrame)
    {
        isFrame = false;
        if (bytes.Length < Ac3Header.MinimumLength) { return 0; }
        if (!Ac3Header.TryParse(bytes, out Ac3Header header)) { return SkipTo(0x0B, bytes); }
        if (bytes.Length < header.FrameLength) { return 0; }
        bool isKnown = _track is not null && header.HasFormatOf(_format);
        if (!isKnown && !IsFollowedByFrame(bytes[header.FrameLength..])) { return SkipTo(0x0B, bytes); }      // two bytes alone prove little
        if (header.IsDependent || header.SubstreamId != 0)
        {
            isFrame = true;
            _waitsForNext |= header.IsDependent && header.SubstreamId == 0 && _track is not null;
            UnsupportedFrames++;
            return header.FrameLength;
        }
        if (!TryFindEnd(bytes, header.FrameLength, out int length, out int dependents)) { return 0; }
        isFrame = true;
        if (!isKnown || dependents != _dependents) { SetFormat(header, dependents, length); }
        Emit(_track!, MediaBuffer.CopyOf(bytes[..length]), header.SampleCount);
        return length;
    }

    private static bool IsFollowedByFrame(ReadOnlySpan<byte> rest) => rest.Length < 2 || (rest[0] == 0x0B && rest[1] == 0x77);

    /// <summary>The frame with its dependent substreams; false when more of them may come, or one is not complete.</summary>
    private bool TryFindEnd(ReadOnlySpan<byte> bytes, int length, out int end, out int dependents)
    {
        end = length;
        dependents = 0;
        while (end < bytes.Length)
        {
            ReadOnlySpan<byte> rest = bytes[end..];
            if (rest.Length < Ac3Header.MinimumLength) { return !StartsSyncframe(rest); }
            if (!Ac3Header.TryParse(rest, out Ac3Header next) || !next.IsDependent) { return true; }
            if (rest.Length < next.FrameLength) { return false; }
            end += next.FrameLength;
            dependents++;
        }
        return !_waitsForNext;
    }

    private static bool StartsSyncframe(ReadOnlySpan<byte> rest) => rest[0] == 0x0B && (rest.Length < 2 || rest[1] == 0x77);

    private void SetFormat(in Ac3Header header, int dependents, int length)
    {
        _format = header;
        _dependents = dependents;
        byte[] configuration = Ac3DecoderConfiguration.Build(header, dependents, length * 8L * header.SampleRate / header.SampleCount);
        _track = new AudioTrack
        {
            Id = trackId,
            Codec = header.Codec,
            DecoderConfiguration = configuration,
            CodecString = Ac3DecoderConfiguration.CodecString(header),
            SampleRate = header.SampleRate,
            Channels = header.Channels,
        };
    }
}
