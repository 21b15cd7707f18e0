using System.Reflection;
using System.Runtime.InteropServices;

namespace FFmpeg.AutoGen;

/// <summary>The functions and constants of FFmpeg 5.1 that Mirror uses.</summary>
public static unsafe partial class ffmpeg
{
    public const int AV_CODEC_FLAG_GLOBAL_HEADER = 1 << 22;
    public const int AV_CODEC_FLAG_LOW_DELAY = 1 << 19;
    public const int AV_CODEC_FLAG_QSCALE = 1 << 1;
    public const int AV_DICT_IGNORE_SUFFIX = 2;
    public const int AV_INPUT_BUFFER_PADDING_SIZE = 64;
    public const int AV_LOG_QUIET = -8;
    public const int AV_LOG_ERROR = 16;
    public const int AV_LOG_WARNING = 24;
    public const int AV_LOG_INFO = 32;
    public const int AV_PKT_FLAG_KEY = 1;
    public const int FF_QP2LAMBDA = 118;
    public const int FF_THREAD_FRAME = 1;
    public const int FF_THREAD_SLICE = 2;
    public static readonly long AV_NOPTS_VALUE = long.MinValue;
    public static readonly int AVERROR_EOF = -0x20464F45;                          // 'E' 'O' 'F' ' '
    public static readonly int AVERROR_EXTERNAL = -0x20545845;                     // 'E' 'X' 'T' ' '
    public static readonly int AVERROR_INVALIDDATA = -0x41444E49;                  // 'I' 'N' 'D' 'A'
    public static readonly int AVERROR_OPTION_NOT_FOUND = -0x54504FF8;             // 0xF8 'O' 'P' 'T'
    public static readonly int EAGAIN = OperatingSystem.IsMacOS() ? 35 : 11;
    public static readonly int ENOMEM = 12;
    public static readonly int ENOSYS = OperatingSystem.IsMacOS() ? 78 : OperatingSystem.IsWindows() ? 40 : 38;

    private const string Avcodec = "avcodec-59";
    private const string Avfilter = "avfilter-8";
    private const string Avutil = "avutil-57";
    private const string Swresample = "swresample-4";

    static ffmpeg() => NativeLibrary.SetDllImportResolver(typeof(ffmpeg).Assembly, Resolve);

    /// <summary>The error that stands for a value of errno.</summary>
    public static int AVERROR(int errno) => -errno;

    // libavcodec
    [LibraryImport(Avcodec)] public static partial uint avcodec_version();
    [LibraryImport(Avcodec)] public static partial AVCodec* avcodec_find_decoder(AVCodecID id);
    [LibraryImport(Avcodec, StringMarshalling = StringMarshalling.Utf8)] public static partial AVCodec* avcodec_find_decoder_by_name(string name);
    [LibraryImport(Avcodec, StringMarshalling = StringMarshalling.Utf8)] public static partial AVCodec* avcodec_find_encoder_by_name(string name);
    [LibraryImport(Avcodec)] public static partial AVCodecContext* avcodec_alloc_context3(AVCodec* codec);
    [LibraryImport(Avcodec)] public static partial void avcodec_free_context(AVCodecContext** avctx);
    [LibraryImport(Avcodec)] public static partial int avcodec_open2(AVCodecContext* avctx, AVCodec* codec, AVDictionary** options);
    [LibraryImport(Avcodec)] public static partial int avcodec_send_packet(AVCodecContext* avctx, AVPacket* avpkt);
    [LibraryImport(Avcodec)] public static partial int avcodec_receive_frame(AVCodecContext* avctx, AVFrame* frame);
    [LibraryImport(Avcodec)] public static partial int avcodec_send_frame(AVCodecContext* avctx, AVFrame* frame);
    [LibraryImport(Avcodec)] public static partial int avcodec_receive_packet(AVCodecContext* avctx, AVPacket* avpkt);
    [LibraryImport(Avcodec)] public static partial void avcodec_flush_buffers(AVCodecContext* avctx);
    [LibraryImport(Avcodec)] public static partial AVPacket* av_packet_alloc();
    [LibraryImport(Avcodec)] public static partial void av_packet_free(AVPacket** pkt);
    [LibraryImport(Avcodec)] public static partial void av_packet_unref(AVPacket* pkt);
    [LibraryImport(Avcodec)] public static partial int av_new_packet(AVPacket* pkt, int size);

    // libavutil
    [LibraryImport(Avutil)] public static partial uint avutil_version();
    [LibraryImport(Avutil)] public static partial AVFrame* av_frame_alloc();
    [LibraryImport(Avutil)] public static partial void av_frame_free(AVFrame** frame);
    [LibraryImport(Avutil)] public static partial int av_frame_ref(AVFrame* dst, AVFrame* src);
    [LibraryImport(Avutil)] public static partial void av_frame_unref(AVFrame* frame);
    [LibraryImport(Avutil)] public static partial void av_frame_move_ref(AVFrame* dst, AVFrame* src);
    [LibraryImport(Avutil)] public static partial int av_frame_get_buffer(AVFrame* frame, int align);
    [LibraryImport(Avutil)] public static partial int av_frame_make_writable(AVFrame* frame);
    [LibraryImport(Avutil)] public static partial int av_frame_copy_props(AVFrame* dst, AVFrame* src);
    [LibraryImport(Avutil)] public static partial AVFrameSideData* av_frame_get_side_data(AVFrame* frame, AVFrameSideDataType type);
    [LibraryImport(Avutil)] public static partial AVFrameSideData* av_frame_new_side_data(AVFrame* frame, AVFrameSideDataType type, ulong size);
    [LibraryImport(Avutil)] public static partial void av_frame_remove_side_data(AVFrame* frame, AVFrameSideDataType type);
    [LibraryImport(Avutil)] public static partial AVBufferRef* av_buffer_ref(AVBufferRef* buf);
    [LibraryImport(Avutil)] public static partial void av_buffer_unref(AVBufferRef** buf);
    [LibraryImport(Avutil, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int av_hwdevice_ctx_create(AVBufferRef** device_ctx, AVHWDeviceType type, string device, AVDictionary* opts, int flags);
    [LibraryImport(Avutil)] public static partial AVBufferRef* av_hwframe_ctx_alloc(AVBufferRef* device_ctx);
    [LibraryImport(Avutil)] public static partial int av_hwframe_ctx_init(AVBufferRef* @ref);
    [LibraryImport(Avutil)] public static partial int av_hwframe_get_buffer(AVBufferRef* hwframe_ctx, AVFrame* frame, int flags);
    [LibraryImport(Avutil)] public static partial int av_hwframe_transfer_data(AVFrame* dst, AVFrame* src, int flags);
    [LibraryImport(Avutil)] public static partial void av_channel_layout_default(AVChannelLayout* ch_layout, int nb_channels);
    [LibraryImport(Avutil)] public static partial int av_channel_layout_copy(AVChannelLayout* dst, AVChannelLayout* src);
    [LibraryImport(Avutil)] public static partial int av_channel_layout_compare(AVChannelLayout* chl, AVChannelLayout* chl1);
    [LibraryImport(Avutil)] public static partial void av_channel_layout_uninit(AVChannelLayout* channel_layout);
    [LibraryImport(Avutil)] public static partial int av_sample_fmt_is_planar(AVSampleFormat sample_fmt);
    [LibraryImport(Avutil)] public static partial int av_get_bytes_per_sample(AVSampleFormat sample_fmt);
    [LibraryImport(Avutil, StringMarshalling = StringMarshalling.Utf8)] public static partial int av_opt_set(void* obj, string name, string val, int search_flags);
    [LibraryImport(Avutil)] public static partial void* av_mallocz(ulong size);
    [LibraryImport(Avutil)] public static partial void av_free(void* ptr);
    [LibraryImport(Avutil, StringMarshalling = StringMarshalling.Utf8)] public static partial byte* av_strdup(string s);
    [LibraryImport(Avutil)] public static partial int av_strerror(int errnum, byte* errbuf, ulong errbuf_size);
    [LibraryImport(Avutil, StringMarshalling = StringMarshalling.Utf8)] public static partial int av_dict_set(AVDictionary** pm, string key, string value, int flags);
    [LibraryImport(Avutil, StringMarshalling = StringMarshalling.Utf8)] public static partial AVDictionaryEntry* av_dict_get(AVDictionary* m, string key, AVDictionaryEntry* prev, int flags);
    [LibraryImport(Avutil)] public static partial void av_dict_free(AVDictionary** m);
    [LibraryImport(Avutil)] public static partial void av_log_set_level(int level);
    [LibraryImport(Avutil)] public static partial int av_log_get_level();
    [LibraryImport(Avutil)] public static partial void av_log_set_callback(av_log_set_callback_callback_func callback);
    [LibraryImport(Avutil, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int av_log_format_line2(void* ptr, int level, string fmt, byte* vl, byte* line, int line_size, int* print_prefix);

    // libavfilter
    [LibraryImport(Avfilter)] public static partial uint avfilter_version();
    [LibraryImport(Avfilter, StringMarshalling = StringMarshalling.Utf8)] public static partial AVFilter* avfilter_get_by_name(string name);
    [LibraryImport(Avfilter)] public static partial AVFilterGraph* avfilter_graph_alloc();
    [LibraryImport(Avfilter)] public static partial void avfilter_graph_free(AVFilterGraph** graph);
    [LibraryImport(Avfilter, StringMarshalling = StringMarshalling.Utf8)]
    public static partial AVFilterContext* avfilter_graph_alloc_filter(AVFilterGraph* graph, AVFilter* filter, string name);
    [LibraryImport(Avfilter, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int avfilter_graph_parse_ptr(AVFilterGraph* graph, string filters, AVFilterInOut** inputs, AVFilterInOut** outputs, void* log_ctx);
    [LibraryImport(Avfilter)] public static partial int avfilter_graph_config(AVFilterGraph* graphctx, void* log_ctx);
    [LibraryImport(Avfilter, StringMarshalling = StringMarshalling.Utf8)] public static partial int avfilter_init_str(AVFilterContext* ctx, string? args);
    [LibraryImport(Avfilter)] public static partial AVFilterInOut* avfilter_inout_alloc();
    [LibraryImport(Avfilter)] public static partial void avfilter_inout_free(AVFilterInOut** inout);
    [LibraryImport(Avfilter)] public static partial AVBufferSrcParameters* av_buffersrc_parameters_alloc();
    [LibraryImport(Avfilter)] public static partial int av_buffersrc_parameters_set(AVFilterContext* ctx, AVBufferSrcParameters* param);
    [LibraryImport(Avfilter)] public static partial int av_buffersrc_add_frame(AVFilterContext* ctx, AVFrame* frame);
    [LibraryImport(Avfilter)] public static partial int av_buffersink_get_frame(AVFilterContext* ctx, AVFrame* frame);
    [LibraryImport(Avfilter)] public static partial AVRational av_buffersink_get_time_base(AVFilterContext* ctx);
    [LibraryImport(Avfilter)] public static partial AVBufferRef* av_buffersink_get_hw_frames_ctx(AVFilterContext* ctx);

    // libswresample
    [LibraryImport(Swresample)] public static partial uint swresample_version();
    [LibraryImport(Swresample)]
    public static partial int swr_alloc_set_opts2(SwrContext** ps, AVChannelLayout* out_ch_layout, AVSampleFormat out_sample_fmt, int out_sample_rate,
        AVChannelLayout* in_ch_layout, AVSampleFormat in_sample_fmt, int in_sample_rate, int log_offset, void* log_ctx);
    [LibraryImport(Swresample)] public static partial int swr_init(SwrContext* s);
    [LibraryImport(Swresample)] public static partial void swr_free(SwrContext** s);
    [LibraryImport(Swresample)] public static partial int swr_convert(SwrContext* s, byte** @out, int out_count, byte** @in, int in_count);
    [LibraryImport(Swresample)] public static partial int swr_inject_silence(SwrContext* s, int count);
    [LibraryImport(Swresample)] public static partial int swr_set_compensation(SwrContext* s, int sample_delta, int compensation_distance);
    [LibraryImport(Swresample)] public static partial long swr_get_delay(SwrContext* s, long @base);
    [LibraryImport(Swresample)] public static partial int swr_get_out_samples(SwrContext* s, int in_samples);

    /// <summary>A library's file by the name that each system gives its versions.</summary>
    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? path)
    {
        int dash = name.IndexOf('-', StringComparison.Ordinal);
        if (dash < 0) { return 0; }
        string library = name[..dash];
        string version = name[(dash + 1)..];
        string file = OperatingSystem.IsWindows() ? $"{name}.dll" : OperatingSystem.IsMacOS() ? $"lib{library}.{version}.dylib" : $"lib{library}.so.{version}";
        return NativeLibrary.Load(file, assembly, path);
    }
}
