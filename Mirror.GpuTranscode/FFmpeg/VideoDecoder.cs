using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using FFmpeg.AutoGen;
using Mirror.Media.Frames;

namespace Mirror.GpuTranscode.FFmpeg;

/// <summary>What a decoder leaves out to keep up.</summary>
internal enum DecoderSkip
{
    /// <summary>Nothing.</summary>
    Nothing,

    /// <summary>Pictures that no other refers to.</summary>
    NonReference,

    /// <summary>All but key frames.</summary>
    NonKey,
}

/// <summary>Decodes one video track: coded pictures in, frames out in presentation order.</summary>
internal sealed unsafe class VideoDecoder : IDisposable
{
    private const int LinesForThreads = 720;                 // smaller pictures decode faster than threads meet
    private const int MostThreads = 4;
    private const int SpareSurfaces = 8;                     // held by filters and encoders beyond what decoding needs
    private const string MostPixels = "67108864";            // 8192 × 8192: a forged size must not take all memory
    private AVCodecContext* _context;
    private AVPacket* _packet;

    /// <param name="track">The track: its decoder configuration record goes to the decoder, which then takes samples as <see cref="AccessUnit.Payload"/> has them.</param>
    /// <param name="threads">Threads that share a picture's slices; 0 chooses.</param>
    /// <param name="device">The GPU that decodes, where it can; <see langword="null"/> for the CPU.</param>
    /// <exception cref="FFmpegException">The decoder isn't there, or refuses the configuration.</exception>
    public VideoDecoder(VideoTrack track, int threads, HardwareDevice? device)
    {
        // AV1 in software is dav1d's; FFmpeg's own decoder of that name works on hardware only.
        string name = (track.Codec, device) switch
        {
            (Codec.H264, _) => "h264",
            (Codec.H265, _) => "hevc",
            (Codec.Mpeg2Video, _) => "mpeg2video",
            (Codec.Av1, null) => "libdav1d",
            (Codec.Av1, _) => "av1",
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
            Configure(track, threads, device);
            AVDictionary* options = null;
            ffmpeg.av_dict_set(&options, "max_pixels", MostPixels, 0);
            int result = ffmpeg.avcodec_open2(_context, codec, &options);
            ffmpeg.av_dict_free(&options);
            FFmpegException.ThrowIfError(result, $"open the decoder for {track.CodecString}");
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>What is left out from the next picture on.</summary>
    public DecoderSkip Skip
    {
        set => _context->skip_frame = value switch
        {
            DecoderSkip.NonReference => AVDiscard.AVDISCARD_NONREF,
            DecoderSkip.NonKey => AVDiscard.AVDISCARD_NONKEY,
            _ => AVDiscard.AVDISCARD_DEFAULT,
        };
    }

    /// <summary>Gives the decoder one access unit. All frames that are ready must have been received before.</summary>
    /// <returns><see langword="false"/> when it cannot be decoded.</returns>
    public bool TrySend(ReadOnlySpan<byte> payload, long pts90k)
    {
        if (ffmpeg.av_new_packet(_packet, payload.Length) < 0) { return false; }
        payload.CopyTo(new Span<byte>(_packet->data, payload.Length));
        _packet->pts = pts90k;
        int result = ffmpeg.avcodec_send_packet(_context, _packet);
        ffmpeg.av_packet_unref(_packet);
        return result >= 0;
    }

    /// <summary>No more pictures for now: all frames come out. Then <see cref="Restart"/>.</summary>
    public void End() => ffmpeg.avcodec_send_packet(_context, null);

    /// <summary>Takes the next frame that is ready.</summary>
    /// <param name="frame">Takes it; what it held before is given back.</param>
    /// <param name="isError">The decoder failed on a picture. Further frames may be ready.</param>
    /// <returns>Whether there is one, or an error.</returns>
    public bool TryReceive(AVFrame* frame, out bool isError)
    {
        int result = ffmpeg.avcodec_receive_frame(_context, frame);
        isError = result < 0 && result != ffmpeg.AVERROR(ffmpeg.EAGAIN) && result != ffmpeg.AVERROR_EOF;
        return result >= 0 || isError;
    }

    /// <summary>Forgets all pictures. The next to be decoded is a key frame.</summary>
    public void Restart() => ffmpeg.avcodec_flush_buffers(_context);

    public void Dispose()
    {
        fixed (AVPacket** packet = &_packet) { ffmpeg.av_packet_free(packet); }
        fixed (AVCodecContext** context = &_context) { ffmpeg.avcodec_free_context(context); }
    }

    private void Configure(VideoTrack track, int threads, HardwareDevice? device)
    {
        ReadOnlySpan<byte> configuration = track.DecoderConfiguration.Span;
        _context->extradata = (byte*)ffmpeg.av_mallocz((ulong)(configuration.Length + ffmpeg.AV_INPUT_BUFFER_PADDING_SIZE));
        FFmpegException.ThrowIfNull(_context->extradata, "open a decoder");
        _context->extradata_size = configuration.Length;
        configuration.CopyTo(new Span<byte>(_context->extradata, configuration.Length));
        _context->pkt_timebase = new AVRational { num = 1, den = 90_000 };
        // To the MPEG-2 decoder the flag promises a stream without B pictures, which it then shows out of order.
        if (track.Codec != Codec.Mpeg2Video) { _context->flags |= ffmpeg.AV_CODEC_FLAG_LOW_DELAY; }
        _context->thread_type = ffmpeg.FF_THREAD_SLICE;      // frame threads would hold a frame back each
        int cores = Math.Min(MostThreads, Environment.ProcessorCount);
        _context->thread_count = threads > 0 ? threads : track.Height >= LinesForThreads ? cores : 1;
        if (device is null) { return; }
        _context->thread_count = 1;
        DecodeOn(device, _context);
    }

    /// <summary>Lets a decoder that is yet to be opened work on a GPU, where that can.</summary>
    internal static void DecodeOn(HardwareDevice device, AVCodecContext* context)
    {
        context->hw_device_ctx = device.Reference();
        context->extra_hw_frames = SpareSurfaces;
        context->get_format = new AVCodecContext_get_format_func { Pointer = (nint)(delegate* unmanaged[Cdecl]<AVCodecContext*, AVPixelFormat*, AVPixelFormat>)&ChooseFormat };
    }

    // Called again whenever the format changes. A list without CUDA means that the GPU cannot decode this profile or size.
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static AVPixelFormat ChooseFormat(AVCodecContext* context, AVPixelFormat* formats)
    {
        AVPixelFormat last = AVPixelFormat.AV_PIX_FMT_NONE;      // formats in memory stand behind those of hardware
        for (AVPixelFormat* format = formats; *format != AVPixelFormat.AV_PIX_FMT_NONE; format++)
        {
            if (*format == AVPixelFormat.AV_PIX_FMT_CUDA) { return *format; }
            last = *format;
        }
        return last;
    }
}
