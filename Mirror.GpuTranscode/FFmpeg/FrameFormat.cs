using FFmpeg.AutoGen;

namespace Mirror.GpuTranscode.FFmpeg;

/// <summary>All of a decoded frame that a filter graph is built for: when it changes, so must the graph.</summary>
internal readonly record struct FrameFormat
{
    /// <summary>Width in samples.</summary>
    public required int Width { get; init; }

    /// <summary>Height in samples.</summary>
    public required int Height { get; init; }

    /// <summary>Layout of the samples; CUDA when they lie on a GPU.</summary>
    public required AVPixelFormat PixelFormat { get; init; }

    /// <summary>The pool of surfaces of a frame on a GPU: the AVHWFramesContext's data; 0 for a frame in memory.</summary>
    public nint HardwareFrames { get; init; }

    /// <summary>Width of a sample, to its height.</summary>
    public int SampleWidth { get; init; }

    /// <summary>Height of a sample; 0 when unknown.</summary>
    public int SampleHeight { get; init; }

    /// <summary>Colour as coded.</summary>
    public FrameColour Colour { get; init; }

    /// <summary>How the picture is to be turned for display.</summary>
    public Orientation Orientation { get; init; }

    /// <summary>Frames of the stream were marked interlaced.</summary>
    public bool IsInterlaced { get; init; }

    /// <summary>Whether the samples lie on a GPU.</summary>
    public bool IsOnGpu => PixelFormat == AVPixelFormat.AV_PIX_FMT_CUDA;

    /// <summary>What a frame tells of itself.</summary>
    /// <param name="frame">A decoded frame.</param>
    /// <param name="previous">That of the frame before: orientation stays until a key frame comes without, and interlacing until the size changes.</param>
    public static unsafe FrameFormat Of(AVFrame* frame, in FrameFormat previous)
    {
        bool isSameSize = frame->width == previous.Width && frame->height == previous.Height;
        AVFrameSideData* matrix = ffmpeg.av_frame_get_side_data(frame, AVFrameSideDataType.AV_FRAME_DATA_DISPLAYMATRIX);
        return new FrameFormat
        {
            Width = frame->width,
            Height = frame->height,
            PixelFormat = (AVPixelFormat)frame->format,
            HardwareFrames = frame->hw_frames_ctx is null ? 0 : (nint)frame->hw_frames_ctx->data,
            SampleWidth = frame->sample_aspect_ratio.num,
            SampleHeight = frame->sample_aspect_ratio.den,
            Colour = FrameColour.Of(frame),
            Orientation = matrix is not null ? Orientations.Of((int*)matrix->data) : frame->key_frame != 0 ? Orientation.Upright : previous.Orientation,
            IsInterlaced = frame->interlaced_frame != 0 || (previous.IsInterlaced && isSameSize),
        };
    }
}
