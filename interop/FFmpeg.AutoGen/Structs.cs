using System.Runtime.InteropServices;

namespace FFmpeg.AutoGen;

// Every structure gives the fields that Mirror reads or writes at their places, and its whole size. They are allocated by the libraries only.

/// <summary>libavutil/rational.h.</summary>
[StructLayout(LayoutKind.Explicit, Size = 8)]
public struct AVRational
{
    [FieldOffset(0)] public int num;
    [FieldOffset(4)] public int den;
}

/// <summary>libavcodec/packet.h.</summary>
[StructLayout(LayoutKind.Explicit, Size = 104)]
public unsafe struct AVPacket
{
    [FieldOffset(8)] public long pts;
    [FieldOffset(16)] public long dts;
    [FieldOffset(24)] public byte* data;
    [FieldOffset(32)] public int size;
    [FieldOffset(40)] public int flags;
}

/// <summary>libavutil/frame.h.</summary>
[StructLayout(LayoutKind.Explicit, Size = 472)]
public unsafe struct AVFrame
{
    [FieldOffset(0)] public byte_ptrArray8 data;
    [FieldOffset(64)] public int_array8 linesize;
    [FieldOffset(96)] public byte** extended_data;
    [FieldOffset(104)] public int width;
    [FieldOffset(108)] public int height;
    [FieldOffset(112)] public int nb_samples;
    [FieldOffset(116)] public int format;
    [FieldOffset(120)] public int key_frame;
    [FieldOffset(124)] public AVPictureType pict_type;
    [FieldOffset(128)] public AVRational sample_aspect_ratio;
    [FieldOffset(136)] public long pts;
    [FieldOffset(168)] public int quality;
    [FieldOffset(188)] public int interlaced_frame;
    [FieldOffset(208)] public int sample_rate;
    [FieldOffset(320)] public AVColorRange color_range;
    [FieldOffset(324)] public AVColorPrimaries color_primaries;
    [FieldOffset(328)] public AVColorTransferCharacteristic color_trc;
    [FieldOffset(332)] public AVColorSpace colorspace;
    [FieldOffset(376)] public int decode_error_flags;
    [FieldOffset(392)] public AVBufferRef* hw_frames_ctx;
    [FieldOffset(448)] public AVChannelLayout ch_layout;
}

/// <summary>libavutil/channel_layout.h.</summary>
[StructLayout(LayoutKind.Explicit, Size = 24)]
public struct AVChannelLayout
{
    [FieldOffset(0)] public AVChannelOrder order;
    [FieldOffset(4)] public int nb_channels;
}

/// <summary>libswresample/swresample.h; opaque there too.</summary>
public struct SwrContext;

/// <summary>libavutil/frame.h.</summary>
[StructLayout(LayoutKind.Explicit, Size = 40)]
public unsafe struct AVFrameSideData
{
    [FieldOffset(8)] public byte* data;
    [FieldOffset(16)] public ulong size;
}

/// <summary>libavutil/buffer.h.</summary>
[StructLayout(LayoutKind.Explicit, Size = 24)]
public unsafe struct AVBufferRef
{
    [FieldOffset(8)] public byte* data;
}

/// <summary>libavcodec/codec.h.</summary>
[StructLayout(LayoutKind.Explicit, Size = 104)]
public unsafe struct AVCodec
{
    [FieldOffset(0)] public byte* name;
    [FieldOffset(20)] public AVCodecID id;
}

/// <summary>A pointer to the function that chooses among the formats a decoder offers.</summary>
public struct AVCodecContext_get_format_func
{
    public nint Pointer;
}

/// <summary>libavcodec/avcodec.h.</summary>
[StructLayout(LayoutKind.Explicit, Size = 944)]
public unsafe struct AVCodecContext
{
    [FieldOffset(48)] public void* opaque;
    [FieldOffset(56)] public long bit_rate;
    [FieldOffset(68)] public int global_quality;
    [FieldOffset(76)] public int flags;
    [FieldOffset(88)] public byte* extradata;
    [FieldOffset(96)] public int extradata_size;
    [FieldOffset(100)] public AVRational time_base;
    [FieldOffset(116)] public int width;
    [FieldOffset(120)] public int height;
    [FieldOffset(132)] public int gop_size;
    [FieldOffset(136)] public AVPixelFormat pix_fmt;
    [FieldOffset(152)] public AVCodecContext_get_format_func get_format;
    [FieldOffset(160)] public int max_b_frames;
    [FieldOffset(172)] public int has_b_frames;
    [FieldOffset(216)] public AVRational sample_aspect_ratio;
    [FieldOffset(316)] public int refs;
    [FieldOffset(324)] public AVColorPrimaries color_primaries;
    [FieldOffset(328)] public AVColorTransferCharacteristic color_trc;
    [FieldOffset(332)] public AVColorSpace colorspace;
    [FieldOffset(336)] public AVColorRange color_range;
    [FieldOffset(352)] public int sample_rate;
    [FieldOffset(360)] public AVSampleFormat sample_fmt;
    [FieldOffset(364)] public int frame_size;
    [FieldOffset(436)] public int rc_buffer_size;
    [FieldOffset(456)] public long rc_max_rate;
    [FieldOffset(636)] public int thread_count;
    [FieldOffset(640)] public int thread_type;
    [FieldOffset(692)] public AVDiscard skip_frame;
    [FieldOffset(708)] public int initial_padding;
    [FieldOffset(712)] public AVRational framerate;
    [FieldOffset(724)] public AVRational pkt_timebase;
    [FieldOffset(848)] public AVBufferRef* hw_frames_ctx;
    [FieldOffset(872)] public AVBufferRef* hw_device_ctx;
    [FieldOffset(888)] public int extra_hw_frames;
    [FieldOffset(920)] public AVChannelLayout ch_layout;
}

/// <summary>libavfilter/avfilter.h; opaque here.</summary>
public struct AVFilter;

/// <summary>libavfilter/avfilter.h.</summary>
[StructLayout(LayoutKind.Explicit, Size = 168)]
public unsafe struct AVFilterContext
{
    [FieldOffset(144)] public AVBufferRef* hw_device_ctx;
}

/// <summary>libavfilter/avfilter.h.</summary>
[StructLayout(LayoutKind.Explicit, Size = 88)]
public struct AVFilterGraph
{
    [FieldOffset(36)] public int nb_threads;
}

/// <summary>libavfilter/avfilter.h.</summary>
[StructLayout(LayoutKind.Explicit, Size = 32)]
public unsafe struct AVFilterInOut
{
    [FieldOffset(0)] public byte* name;
    [FieldOffset(8)] public AVFilterContext* filter_ctx;
    [FieldOffset(16)] public int pad_idx;
    [FieldOffset(24)] public AVFilterInOut* next;
}

/// <summary>libavfilter/buffersrc.h.</summary>
[StructLayout(LayoutKind.Explicit, Size = 88)]
public unsafe struct AVBufferSrcParameters
{
    [FieldOffset(0)] public int format;
    [FieldOffset(4)] public AVRational time_base;
    [FieldOffset(12)] public int width;
    [FieldOffset(16)] public int height;
    [FieldOffset(20)] public AVRational sample_aspect_ratio;
    [FieldOffset(40)] public AVBufferRef* hw_frames_ctx;
}

/// <summary>libavutil/hwcontext.h.</summary>
[StructLayout(LayoutKind.Explicit, Size = 88)]
public struct AVHWFramesContext
{
    [FieldOffset(64)] public int initial_pool_size;
    [FieldOffset(68)] public AVPixelFormat format;
    [FieldOffset(72)] public AVPixelFormat sw_format;
    [FieldOffset(76)] public int width;
    [FieldOffset(80)] public int height;
}

/// <summary>libavutil/dict.h; opaque there too.</summary>
public struct AVDictionary;

/// <summary>libavutil/dict.h.</summary>
[StructLayout(LayoutKind.Explicit, Size = 16)]
public unsafe struct AVDictionaryEntry
{
    [FieldOffset(0)] public byte* key;
    [FieldOffset(8)] public byte* value;
}

/// <summary>A pointer to the function that takes log lines.</summary>
public struct av_log_set_callback_callback_func
{
    public nint Pointer;
}
