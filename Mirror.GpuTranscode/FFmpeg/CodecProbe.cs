using FFmpeg.AutoGen;

namespace Mirror.GpuTranscode.FFmpeg;

/// <summary>Finds out whether a codec works by using it: its name alone says nothing of drivers, licences and chips.</summary>
internal static unsafe class CodecProbe
{
    private const int Width = 640;                           // above the smallest that any hardware takes
    private const int Height = 360;
    private const int Frames = 3;
    private const int MostSurfaces = 8;
    private const byte Grey = 128;

    /// <summary>Encodes three grey frames.</summary>
    /// <param name="encoder">FFmpeg's name of it.</param>
    /// <param name="options">Its own options.</param>
    /// <param name="gpu">The GPU on which the frames lie; <see langword="null"/> for memory.</param>
    /// <returns>The packets.</returns>
    /// <exception cref="FFmpegException">It doesn't work.</exception>
    public static List<byte[]> Encode(string encoder, IReadOnlyList<(string Name, string Value)> options, HardwareDevice? gpu)
    {
        AVCodec* codec = ffmpeg.avcodec_find_encoder_by_name(encoder);
        if (codec is null) { throw new FFmpegException($"find the encoder {encoder}", ffmpeg.AVERROR(ffmpeg.ENOSYS)); }
        AVCodecContext* context = ffmpeg.avcodec_alloc_context3(codec);
        AVFrame* frame = ffmpeg.av_frame_alloc();
        AVPacket* packet = ffmpeg.av_packet_alloc();
        AVBufferRef* surfaces = null;
        AVDictionary* dictionary = null;
        try
        {
            context->width = Width;
            context->height = Height;
            context->time_base = new AVRational { num = 1, den = 25 };
            context->framerate = new AVRational { num = 25, den = 1 };
            context->bit_rate = 500_000;
            context->thread_count = 1;
            context->pix_fmt = gpu is null ? AVPixelFormat.AV_PIX_FMT_YUV420P : AVPixelFormat.AV_PIX_FMT_CUDA;
            if (gpu is not null)
            {
                surfaces = Surfaces(gpu);
                context->hw_frames_ctx = ffmpeg.av_buffer_ref(surfaces);
            }
            foreach ((string name, string value) in options) { ffmpeg.av_dict_set(&dictionary, name, value, 0); }
            FFmpegException.ThrowIfError(ffmpeg.avcodec_open2(context, codec, &dictionary), $"open {encoder}");
            FillGrey(frame, surfaces);
            List<byte[]> packets = [];
            for (int i = 0; i <= Frames; i++)
            {
                frame->pts = i;
                FFmpegException.ThrowIfError(ffmpeg.avcodec_send_frame(context, i < Frames ? frame : null), $"encode with {encoder}");
                while (ffmpeg.avcodec_receive_packet(context, packet) >= 0)
                {
                    packets.Add(new ReadOnlySpan<byte>(packet->data, packet->size).ToArray());
                    ffmpeg.av_packet_unref(packet);
                }
            }
            return packets.Count > 0 ? packets : throw new FFmpegException($"encode with {encoder}", ffmpeg.AVERROR_EXTERNAL);
        }
        finally
        {
            ffmpeg.av_dict_free(&dictionary);
            ffmpeg.av_packet_free(&packet);
            ffmpeg.av_frame_free(&frame);
            ffmpeg.avcodec_free_context(&context);
            ffmpeg.av_buffer_unref(&surfaces);
        }
    }

    /// <summary>Decodes packets, which carry their own parameter sets; with none, opens the decoder alone.</summary>
    /// <param name="decoder">FFmpeg's name of it.</param>
    /// <param name="packets">What <see cref="Encode"/> made.</param>
    /// <param name="gpu">The GPU that is to decode; <see langword="null"/> for the CPU.</param>
    /// <returns>Whether a frame came out, and from the GPU where one was given.</returns>
    public static bool Decodes(string decoder, IReadOnlyList<byte[]> packets, HardwareDevice? gpu)
    {
        AVCodec* codec = ffmpeg.avcodec_find_decoder_by_name(decoder);
        if (codec is null) { return false; }
        AVCodecContext* context = ffmpeg.avcodec_alloc_context3(codec);
        AVFrame* frame = ffmpeg.av_frame_alloc();
        AVPacket* packet = ffmpeg.av_packet_alloc();
        try
        {
            context->thread_count = 1;
            if (gpu is not null) { VideoDecoder.DecodeOn(gpu, context); }
            if (ffmpeg.avcodec_open2(context, codec, null) < 0) { return false; }
            if (packets.Count == 0) { return true; }
            foreach (byte[] bytes in packets)
            {
                if (ffmpeg.av_new_packet(packet, bytes.Length) < 0) { return false; }
                bytes.CopyTo(new Span<byte>(packet->data, bytes.Length));
                int result = ffmpeg.avcodec_send_packet(context, packet);
                ffmpeg.av_packet_unref(packet);
                if (result < 0) { return false; }
                if (ffmpeg.avcodec_receive_frame(context, frame) >= 0) { return IsOn(gpu, frame); }
            }
            ffmpeg.avcodec_send_packet(context, null);
            return ffmpeg.avcodec_receive_frame(context, frame) >= 0 && IsOn(gpu, frame);
        }
        finally
        {
            ffmpeg.av_packet_free(&packet);
            ffmpeg.av_frame_free(&frame);
            ffmpeg.avcodec_free_context(&context);
        }
    }

    private static bool IsOn(HardwareDevice? gpu, AVFrame* frame)
        => frame->width == Width && (gpu is null || (AVPixelFormat)frame->format == AVPixelFormat.AV_PIX_FMT_CUDA);

    private static AVBufferRef* Surfaces(HardwareDevice gpu)
    {
        AVBufferRef* device = gpu.Reference();
        AVBufferRef* surfaces = ffmpeg.av_hwframe_ctx_alloc(device);
        ffmpeg.av_buffer_unref(&device);
        FFmpegException.ThrowIfNull(surfaces, "take memory of the GPU");
        var context = (AVHWFramesContext*)surfaces->data;
        context->format = AVPixelFormat.AV_PIX_FMT_CUDA;
        context->sw_format = AVPixelFormat.AV_PIX_FMT_NV12;
        context->width = Width;
        context->height = Height;
        context->initial_pool_size = MostSurfaces;
        int result = ffmpeg.av_hwframe_ctx_init(surfaces);
        if (result < 0) { ffmpeg.av_buffer_unref(&surfaces); }
        FFmpegException.ThrowIfError(result, "take memory of the GPU");
        return surfaces;
    }

    private static void FillGrey(AVFrame* frame, AVBufferRef* surfaces)
    {
        frame->width = Width;
        frame->height = Height;
        if (surfaces is not null)
        {
            FFmpegException.ThrowIfError(ffmpeg.av_hwframe_get_buffer(surfaces, frame, 0), "take a surface of the GPU");
            return;
        }
        frame->format = (int)AVPixelFormat.AV_PIX_FMT_YUV420P;
        FFmpegException.ThrowIfError(ffmpeg.av_frame_get_buffer(frame, 0), "take a frame");
        for (uint plane = 0; plane < 3; plane++)
        {
            new Span<byte>(frame->data[plane], frame->linesize[plane] * (plane == 0 ? Height : Height / 2)).Fill(Grey);
        }
    }
}
