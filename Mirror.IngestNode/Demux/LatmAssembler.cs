using Mirror.Media.Bits;
using Mirror.Media.Codecs.Aac;
using Mirror.Media.Frames;

namespace Mirror.IngestNode.Demux;

/// <summary>Reads AAC frames from LATM in LOAS (ISO/IEC 14496-3 §1.7).</summary>
internal sealed class LatmAssembler(int trackId, IAudioFrameHandler handler) : AudioAssembler(handler)
{
    private readonly LatmReader _reader = new();
    private readonly LatmFrame[] _frames = new LatmFrame[LatmReader.MostFrames];
    private AudioSpecificConfig? _config;
    private AudioTrack? _track;

    /// <inheritdoc/>
    protected override int ReadFrame(ReadOnlySpan<byte> bytes, out bool isFrame)
    {
        isFrame = false;
        if (bytes.Length < Loas.HeaderLength) { return 0; }
        if (!Loas.TryReadLength(bytes, out int length)) { return SkipTo(0x56, bytes); }
        if (bytes.Length < length) { return 0; }
        ReadOnlySpan<byte> element = bytes[Loas.HeaderLength..length];
        int count = _reader.Read(element, _frames);
        isFrame = true;
        if (count < 0)
        {
            UnsupportedFrames++;
            return length;
        }
        if (!ReferenceEquals(_config, _reader.Config)) { SetFormat(_reader.Config!); }
        for (int i = 0; i < count; i++)
        {
            MediaBuffer payload = MediaBuffer.Rent(_frames[i].Length);
            BitCopy.Copy(element, _frames[i].BitPosition, payload.GetSpan(_frames[i].Length)[.._frames[i].Length]);
            payload.Advance(_frames[i].Length);
            Emit(_track!, payload, _config!.SamplesPerFrame);
        }
        return length;
    }

    private void SetFormat(AudioSpecificConfig config)
    {
        bool isSame = _config is not null && _config.Bytes.Span.SequenceEqual(config.Bytes.Span);
        _config = config;
        if (!isSame || _track is null) { _track = AacTrack.Create(trackId, config); }
    }
}
