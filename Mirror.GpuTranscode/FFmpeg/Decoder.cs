using FFmpeg.AutoGen;
using Mirror.Media.Frames;

namespace Mirror.GpuTranscode.FFmpeg;

/// <summary>An FFmpeg decoder: coded frames in, decoded ones out. Whoever derives from it configures it, then opens it.</summary>
internal abstract unsafe class Decoder : IDisposable
{
    private readonly AVCodec* _codec;
    private AVCodecContext* _context;
    private AVPacket* _packet;

    /// <param name="name">FFmpeg's name of the decoder.</param>
    /// <param name="codec">What it decodes.</param>
    /// <exception cref="FFmpegException">It isn't there.</exception>
    protected Decoder(string name, Codec codec)
    {
        _codec = ffmpeg.avcodec_find_decoder_by_name(name);
        if (_codec is null) { throw new FFmpegException($"find a decoder for {codec}", ffmpeg.AVERROR(ffmpeg.ENOSYS)); }
        try
        {
            _context = ffmpeg.avcodec_alloc_context3(_codec);
            _packet = ffmpeg.av_packet_alloc();
            FFmpegException.ThrowIfNull(_context, "open a decoder");
            FFmpegException.ThrowIfNull(_packet, "take a packet");
            _context->pkt_timebase = new AVRational { num = 1, den = 90_000 };
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    protected AVCodecContext* Context => _context;

    /// <summary>Gives the decoder one frame. All that is ready must have been received before.</summary>
    /// <returns><see langword="false"/> when it cannot be decoded.</returns>
    public bool TrySend(ReadOnlySpan<byte> payload, long pts90k)
    {
        if (payload.IsEmpty || ffmpeg.av_new_packet(_packet, payload.Length) < 0) { return false; }      // an empty packet would mean the end
        payload.CopyTo(new Span<byte>(_packet->data, payload.Length));
        _packet->pts = pts90k;
        int result = ffmpeg.avcodec_send_packet(_context, _packet);
        ffmpeg.av_packet_unref(_packet);
        return result >= 0;
    }

    /// <summary>Nothing more for now: all that is held comes out. Then <see cref="Restart"/>.</summary>
    public void End() => ffmpeg.avcodec_send_packet(_context, null);

    /// <summary>Takes the next decoded frame that is ready.</summary>
    /// <param name="frame">Takes it; what it held before is given back.</param>
    /// <param name="isError">The decoder failed. Further frames may be ready.</param>
    /// <returns>Whether there is one, or an error.</returns>
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

    /// <summary>Sets what the decoder must know before the first frame. Before <see cref="Open"/>.</summary>
    protected void SetConfiguration(ReadOnlySpan<byte> configuration)
    {
        _context->extradata = (byte*)ffmpeg.av_mallocz((ulong)(configuration.Length + ffmpeg.AV_INPUT_BUFFER_PADDING_SIZE));
        FFmpegException.ThrowIfNull(_context->extradata, "open a decoder");
        _context->extradata_size = configuration.Length;
        configuration.CopyTo(new Span<byte>(_context->extradata, configuration.Length));
    }

    /// <summary>Opens it.</summary>
    /// <param name="codecString">The format, for a message.</param>
    /// <param name="options">Of the decoder itself; they are freed.</param>
    /// <exception cref="FFmpegException">It refuses the configuration.</exception>
    protected void Open(string codecString, AVDictionary* options = null)
    {
        int result = ffmpeg.avcodec_open2(_context, _codec, &options);
        ffmpeg.av_dict_free(&options);
        FFmpegException.ThrowIfError(result, $"open the decoder for {codecString}");
    }
}
