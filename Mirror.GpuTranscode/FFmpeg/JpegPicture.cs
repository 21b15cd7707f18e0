using FFmpeg.AutoGen;

namespace Mirror.GpuTranscode.FFmpeg;

/// <summary>Encodes a decoded frame as a JPEG file: upright, square samples, tone-mapped, the full range and matrix of JFIF.</summary>
internal static unsafe class JpegPicture
{
    private const int Quality = 4;                           // quantizer scale, 2 best to 31: about 50 KB at 1280×720
    private static readonly FrameColour Jfif = new(
        AVColorPrimaries.AVCOL_PRI_BT709, AVColorTransferCharacteristic.AVCOL_TRC_BT709, AVColorSpace.AVCOL_SPC_SMPTE170M, IsFullRange: true);

    /// <param name="frame">The frame.</param>
    /// <param name="format">Its format.</param>
    /// <param name="maxWidth">Width at most; smaller pictures stay as they are.</param>
    /// <returns><see langword="null"/> if it cannot be encoded.</returns>
    public static byte[]? Encode(AVFrame* frame, in FrameFormat format, int maxWidth)
    {
        AVFrame* scaled = ffmpeg.av_frame_alloc();
        FFmpegException.ThrowIfNull(scaled, "take a frame");
        try
        {
            PictureTarget target = TargetOf(format, Math.Max(2, maxWidth));
            string filters = ScaleFilters.Describe(format, target) ?? "null";
            if (format.IsInterlaced) { filters = $"{ScaleFilters.Deinterlace(format)},{filters}"; }
            using var graph = new FilterGraph(format, frame->hw_frames_ctx, filters, threads: 1);
            graph.Push(frame);
            graph.End();
            return graph.TryPull(scaled) ? Encode(scaled) : null;
        }
        catch (FFmpegException)
        {
            return null;
        }
        finally
        {
            ffmpeg.av_frame_free(&scaled);
        }
    }

    /// <summary>The picture's size with square samples, upright, no wider than asked.</summary>
    private static PictureTarget TargetOf(in FrameFormat format, int maxWidth)
    {
        double width = format.Width * (format is { SampleWidth: > 0, SampleHeight: > 0 } ? (double)format.SampleWidth / format.SampleHeight : 1);
        double height = format.Height;
        if (format.Orientation.SwapsSides()) { (width, height) = (height, width); }
        double scale = Math.Min(1, maxWidth / width);
        return new PictureTarget { Width = Even(width * scale), Height = Even(height * scale), PixelFormat = AVPixelFormat.AV_PIX_FMT_YUVJ420P, Colour = Jfif };
    }

    private static int Even(double length) => Math.Max(2, 2 * (int)(length / 2 + 0.25));

    private static byte[]? Encode(AVFrame* picture)
    {
        AVCodec* codec = ffmpeg.avcodec_find_encoder_by_name("mjpeg");
        AVCodecContext* context = codec is null ? null : ffmpeg.avcodec_alloc_context3(codec);
        AVPacket* packet = ffmpeg.av_packet_alloc();
        try
        {
            if (context is null || packet is null) { return null; }
            context->width = picture->width;
            context->height = picture->height;
            context->pix_fmt = AVPixelFormat.AV_PIX_FMT_YUVJ420P;
            context->color_range = AVColorRange.AVCOL_RANGE_JPEG;
            context->time_base = new AVRational { num = 1, den = 1 };
            context->flags |= ffmpeg.AV_CODEC_FLAG_QSCALE;
            context->global_quality = Quality * ffmpeg.FF_QP2LAMBDA;
            context->thread_count = 1;
            picture->quality = context->global_quality;
            picture->pict_type = AVPictureType.AV_PICTURE_TYPE_NONE;
            picture->pts = 0;
            bool isEncoded = ffmpeg.avcodec_open2(context, codec, null) >= 0 && ffmpeg.avcodec_send_frame(context, picture) >= 0
                && ffmpeg.avcodec_send_frame(context, null) >= 0 && ffmpeg.avcodec_receive_packet(context, packet) >= 0;
            return isEncoded ? new ReadOnlySpan<byte>(packet->data, packet->size).ToArray() : null;
        }
        finally
        {
            ffmpeg.av_packet_free(&packet);
            ffmpeg.avcodec_free_context(&context);
        }
    }
}
