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
internal sealed unsafe class VideoDecoder : Decoder
{
    private const int LinesForThreads = 720;                 // smaller pictures decode faster than threads meet
    private const int MostThreads = 4;
    private const int SpareSurfaces = 8;                     // held by filters and encoders beyond what decoding needs
    private const string MostPixels = "67108864";            // 8192 × 8192: a forged size must not take all memory

    /// <param name="track">The track: its decoder configuration record goes to the decoder, which then takes samples as <see cref="AccessUnit.Payload"/> has them.</param>
    /// <param name="threads">Threads that share a picture's slices; 0 chooses.</param>
    /// <param name="device">The GPU that decodes, where it can; <see langword="null"/> for the CPU.</param>
    /// <exception cref="FFmpegException">The decoder isn't there, or refuses the configuration.</exception>
    public VideoDecoder(VideoTrack track, int threads, HardwareDevice? device)
        : base(NameOf(track.Codec, device), track.Codec)
    {
        try
        {
            Configure(track, threads, device);
            AVDictionary* options = null;
            ffmpeg.av_dict_set(&options, "max_pixels", MostPixels, 0);
            Open(track.CodecString, options);
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
        set => Context->skip_frame = value switch
        {
            DecoderSkip.NonReference => AVDiscard.AVDISCARD_NONREF,
            DecoderSkip.NonKey => AVDiscard.AVDISCARD_NONKEY,
            _ => AVDiscard.AVDISCARD_DEFAULT,
        };
    }

    // AV1 in software is dav1d's; FFmpeg's own decoder of that name works on hardware only.
    private static string NameOf(Codec codec, HardwareDevice? device) => (codec, device) switch
    {
        (Codec.H264, _) => "h264",
        (Codec.H265, _) => "hevc",
        (Codec.Mpeg2Video, _) => "mpeg2video",
        (Codec.Av1, null) => "libdav1d",
        (Codec.Av1, _) => "av1",
        _ => "",
    };

    private void Configure(VideoTrack track, int threads, HardwareDevice? device)
    {
        SetConfiguration(track.DecoderConfiguration.Span);
        // To the MPEG-2 decoder the flag promises a stream without B pictures, which it then shows out of order.
        if (track.Codec != Codec.Mpeg2Video) { Context->flags |= ffmpeg.AV_CODEC_FLAG_LOW_DELAY; }
        Context->thread_type = ffmpeg.FF_THREAD_SLICE;      // frame threads would hold a frame back each
        int cores = Math.Min(MostThreads, Environment.ProcessorCount);
        Context->thread_count = threads > 0 ? threads : track.Height >= LinesForThreads ? cores : 1;
        if (device is null) { return; }
        Context->thread_count = 1;
        DecodeOn(device, Context);
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
