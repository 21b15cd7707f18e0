using FFmpeg.AutoGen;

namespace Mirror.GpuTranscode.FFmpeg;

/// <summary>A chain of libavfilter's filters: frames of one format in, frames out.</summary>
internal sealed unsafe class FilterGraph : IDisposable
{
    private const int TimeBase = 90_000;
    private readonly AVFilterContext* _source;
    private readonly AVFilterContext* _sink;
    private readonly AVRational _timeBase;
    private AVFilterGraph* _graph;
    private AVFrame* _input;

    /// <param name="format">Format of the frames that go in.</param>
    /// <param name="hardwareFrames">Their pool of surfaces, where they lie on a GPU.</param>
    /// <param name="filters">The filters, as the ffmpeg program takes them.</param>
    /// <param name="threads">Threads that share the work on a frame.</param>
    /// <exception cref="FFmpegException">The libraries don't have a filter, or not for this format.</exception>
    public FilterGraph(in FrameFormat format, AVBufferRef* hardwareFrames, string filters, int threads)
    {
        try
        {
            _input = ffmpeg.av_frame_alloc();
            _graph = ffmpeg.avfilter_graph_alloc();
            FFmpegException.ThrowIfNull(_input, "take a frame");
            FFmpegException.ThrowIfNull(_graph, "create the filters");
            _graph->nb_threads = threads;
            _source = CreateSource(format, hardwareFrames);
            _sink = Create("buffersink", "out");
            Connect(filters);
            FFmpegException.ThrowIfError(ffmpeg.avfilter_graph_config(_graph, null), $"configure the filters \"{filters}\"");
            _timeBase = ffmpeg.av_buffersink_get_time_base(_sink);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Hands a frame over, by reference. The caller keeps its own.</summary>
    public void Push(AVFrame* frame)
    {
        FFmpegException.ThrowIfError(ffmpeg.av_frame_ref(_input, frame), "take a frame");
        int result = ffmpeg.av_buffersrc_add_frame(_source, _input);
        ffmpeg.av_frame_unref(_input);
        FFmpegException.ThrowIfError(result, "filter a frame");
    }

    /// <summary>No more frames: what the filters hold back comes out.</summary>
    public void End() => FFmpegException.ThrowIfError(ffmpeg.av_buffersrc_add_frame(_source, null), "end the filters");

    /// <summary>Takes the next frame that is ready, its time in 90 kHz ticks.</summary>
    public bool TryPull(AVFrame* frame)
    {
        int result = ffmpeg.av_buffersink_get_frame(_sink, frame);
        if (result == ffmpeg.AVERROR(ffmpeg.EAGAIN) || result == ffmpeg.AVERROR_EOF) { return false; }
        FFmpegException.ThrowIfError(result, "filter a frame");
        // A deinterlacer counts in half ticks.
        if (_timeBase.den != TimeBase || _timeBase.num != 1) { frame->pts = (long)((Int128)frame->pts * _timeBase.num * TimeBase / _timeBase.den); }
        return true;
    }

    public void Dispose()
    {
        fixed (AVFilterGraph** graph = &_graph) { ffmpeg.avfilter_graph_free(graph); }
        fixed (AVFrame** input = &_input) { ffmpeg.av_frame_free(input); }
    }

    private AVFilterContext* Create(string filter, string name)
    {
        AVFilterContext* context = ffmpeg.avfilter_graph_alloc_filter(_graph, ffmpeg.avfilter_get_by_name(filter), name);
        FFmpegException.ThrowIfNull(context, $"create the filter {filter}");
        return context;
    }

    private AVFilterContext* CreateSource(in FrameFormat format, AVBufferRef* hardwareFrames)
    {
        AVFilterContext* source = Create("buffer", "in");
        AVBufferSrcParameters* parameters = ffmpeg.av_buffersrc_parameters_alloc();
        FFmpegException.ThrowIfNull(parameters, "create the filters' source");
        parameters->format = (int)format.PixelFormat;
        parameters->width = format.Width;
        parameters->height = format.Height;
        parameters->time_base = new AVRational { num = 1, den = TimeBase };
        parameters->sample_aspect_ratio = new AVRational { num = format.SampleWidth, den = Math.Max(1, format.SampleHeight) };
        parameters->hw_frames_ctx = hardwareFrames;
        int result = ffmpeg.av_buffersrc_parameters_set(source, parameters);
        ffmpeg.av_free(parameters);
        FFmpegException.ThrowIfError(result, "set the filters' source");
        FFmpegException.ThrowIfError(ffmpeg.avfilter_init_str(source, null), "open the filters' source");
        return source;
    }

    private void Connect(string filters)
    {
        FFmpegException.ThrowIfError(ffmpeg.avfilter_init_str(_sink, null), "open the filters' sink");
        // Named from the chain's side: its open input is the source's output.
        AVFilterInOut* outputs = End("in", _source);
        AVFilterInOut* inputs = End("out", _sink);
        int result = ffmpeg.avfilter_graph_parse_ptr(_graph, filters, &inputs, &outputs, null);
        ffmpeg.avfilter_inout_free(&inputs);
        ffmpeg.avfilter_inout_free(&outputs);
        FFmpegException.ThrowIfError(result, $"read the filters \"{filters}\"");
    }

    private static AVFilterInOut* End(string name, AVFilterContext* context)
    {
        AVFilterInOut* end = ffmpeg.avfilter_inout_alloc();
        FFmpegException.ThrowIfNull(end, "connect the filters");
        end->name = ffmpeg.av_strdup(name);
        end->filter_ctx = context;
        end->pad_idx = 0;
        end->next = null;
        return end;
    }
}
