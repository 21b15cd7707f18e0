using FFmpeg.AutoGen;

namespace Mirror.GpuTranscode.FFmpeg;

/// <summary>A GPU, opened through CUDA.</summary>
internal sealed unsafe class HardwareDevice : IDisposable
{
    private AVBufferRef* _reference;

    /// <param name="index">CUDA's index.</param>
    /// <exception cref="FFmpegException">There is no such GPU, or no driver.</exception>
    public HardwareDevice(int index)
    {
        AVDictionary* options = null;
        ffmpeg.av_dict_set(&options, "primary_ctx", "1", 0);      // one context a process, as CUDA's own libraries have it
        AVBufferRef* reference = null;
        int result = ffmpeg.av_hwdevice_ctx_create(&reference, AVHWDeviceType.AV_HWDEVICE_TYPE_CUDA, $"{index}", options, 0);
        ffmpeg.av_dict_free(&options);
        FFmpegException.ThrowIfError(result, $"open GPU {index}");
        _reference = reference;
    }

    /// <summary>A reference of its own for whoever keeps it.</summary>
    public AVBufferRef* Reference() => ffmpeg.av_buffer_ref(_reference);

    public void Dispose()
    {
        fixed (AVBufferRef** reference = &_reference) { ffmpeg.av_buffer_unref(reference); }
    }
}
