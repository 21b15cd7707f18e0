using System.Buffers.Binary;
using FFmpeg.AutoGen;
using Mirror.Media.Frames;

namespace Mirror.GpuTranscode.FFmpeg;

/// <summary>Decodes one audio track: frames in, samples out.</summary>
internal sealed unsafe class AudioDecoder : IDisposable
{
    private AVCodecContext* _context;
    private AVPacket* _packet;

    /// <param name="track">The track.</param>
    /// <exception cref="FFmpegException">The decoder isn't there, or refuses the configuration.</exception>
    public AudioDecoder(AudioTrack track)
    {
        string name = track.Codec switch
        {
            Codec.Aac => "aac",
            Codec.Opus => "libopus",                         // FFmpeg's own delays SILK frames without saying so
            Codec.MpegAudio => "mp3float",                   // of all three layers: the frame's header tells
            Codec.Ac3 => "ac3",
            Codec.Eac3 => "eac3",
            _ => "",
        };
        try
        {
            AVCodec* codec = ffmpeg.avcodec_find_decoder_by_name(name);
            if (codec is null) { throw new FFmpegException($"find a decoder for {track.Codec}", ffmpeg.AVERROR(ffmpeg.ENOSYS)); }
            _context = ffmpeg.avcodec_alloc_context3(codec);
            _packet = ffmpeg.av_packet_alloc();
            FFmpegException.ThrowIfNull(_context, "open a decoder");
            FFmpegException.ThrowIfNull(_packet, "take a packet");
            _context->pkt_timebase = new AVRational { num = 1, den = 90_000 };
            _context->sample_rate = track.SampleRate;
            _context->thread_count = 1;
            ffmpeg.av_channel_layout_default(&_context->ch_layout, track.Channels);
            SetConfiguration(track);
            FFmpegException.ThrowIfError(ffmpeg.avcodec_open2(_context, codec, null), $"open the decoder for {track.CodecString}");
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Gives the decoder one frame. All samples that are ready must have been received before.</summary>
    /// <returns><see langword="false"/> when it cannot be decoded.</returns>
    public bool TrySend(ReadOnlySpan<byte> payload, long pts90k)
    {
        if (payload.IsEmpty || ffmpeg.av_new_packet(_packet, payload.Length) < 0) { return false; }
        payload.CopyTo(new Span<byte>(_packet->data, payload.Length));
        _packet->pts = pts90k;
        int result = ffmpeg.avcodec_send_packet(_context, _packet);
        ffmpeg.av_packet_unref(_packet);
        return result >= 0;
    }

    /// <summary>Takes the samples that are ready.</summary>
    /// <param name="frame">Takes them; what it held before is given back.</param>
    /// <param name="isError">The decoder failed. Further samples may be ready.</param>
    /// <returns>Whether there are any, or an error.</returns>
    public bool TryReceive(AVFrame* frame, out bool isError)
    {
        int result = ffmpeg.avcodec_receive_frame(_context, frame);
        isError = result < 0 && result != ffmpeg.AVERROR(ffmpeg.EAGAIN) && result != ffmpeg.AVERROR_EOF;
        return result >= 0 || isError;
    }

    /// <summary>Forgets what came before: what follows does not continue it.</summary>
    public void Restart() => ffmpeg.avcodec_flush_buffers(_context);

    public void Dispose()
    {
        fixed (AVPacket** packet = &_packet) { ffmpeg.av_packet_free(packet); }
        fixed (AVCodecContext** context = &_context) { ffmpeg.avcodec_free_context(context); }
    }

    private void SetConfiguration(AudioTrack track)
    {
        byte[] configuration = track.Codec switch
        {
            Codec.Aac => track.DecoderConfiguration.ToArray(),
            Codec.Opus => OpusHead(track.DecoderConfiguration.Span),
            _ => [],                                         // each frame tells all
        };
        if (configuration.Length == 0) { return; }
        _context->extradata = (byte*)ffmpeg.av_mallocz((ulong)(configuration.Length + ffmpeg.AV_INPUT_BUFFER_PADDING_SIZE));
        FFmpegException.ThrowIfNull(_context->extradata, "open a decoder");
        _context->extradata_size = configuration.Length;
        configuration.CopyTo(new Span<byte>(_context->extradata, configuration.Length));
    }

    /// <summary>The identification header of RFC 7845 §5.1, which says what <c>dOps</c> says, in the other byte order.</summary>
    private static byte[] OpusHead(ReadOnlySpan<byte> dops)
    {
        const int FixedLength = 11;
        if (dops.Length < FixedLength) { return []; }
        byte[] head = [.. "OpusHead"u8, 1, .. dops[1..]];
        BinaryPrimitives.WriteUInt16LittleEndian(head.AsSpan(10), 0);        // pre-skip: timestamps account for it already
        BinaryPrimitives.WriteUInt32LittleEndian(head.AsSpan(12), BinaryPrimitives.ReadUInt32BigEndian(dops[4..]));
        BinaryPrimitives.WriteUInt16LittleEndian(head.AsSpan(16), BinaryPrimitives.ReadUInt16BigEndian(dops[8..]));
        return head;
    }
}
