using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using FFmpeg.AutoGen;

namespace Mirror.GpuTranscode.FFmpeg;

/// <summary>The libraries' own log lines. What they say of damaged media Mirror counts itself, so they are for debugging.</summary>
internal static unsafe class FFmpegLog
{
    private const int LongestLine = 1024;
    private static Action<int, string>? _write;

    /// <summary>Hands each line of <paramref name="level"/> and worse to <paramref name="write"/>, on whatever thread it arises, several at once.</summary>
    /// <param name="level">One of AV_LOG_*.</param>
    /// <param name="write">Takes the line's level and text. Must not throw.</param>
    public static void Attach(int level, Action<int, string> write)
    {
        _write = write;
        ffmpeg.av_log_set_level(level);
        ffmpeg.av_log_set_callback(new av_log_set_callback_callback_func { Pointer = (nint)(delegate* unmanaged[Cdecl]<void*, int, byte*, byte*, void>)&Write });
    }

    /// <summary>Hands the lines to a logger at debug level.</summary>
    public static void Attach(ILogger logger) => Attach(ffmpeg.AV_LOG_WARNING, (_, line) => logger.LogDebug("FFmpeg: {Line}", line));

    // Called on the codecs' threads. No exception may leave.
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Write(void* source, int level, byte* format, byte* arguments)
    {
        if (level > ffmpeg.av_log_get_level() || _write is not { } write) { return; }
#pragma warning disable CA1031 // a logger that fails must not unwind into native code
        try
        {
            byte* line = stackalloc byte[LongestLine];
            int printPrefix = 1;
            ffmpeg.av_log_format_line2(source, level, Marshal.PtrToStringUTF8((nint)format) ?? "", arguments, line, LongestLine, &printPrefix);
            write(level, (Marshal.PtrToStringUTF8((nint)line) ?? "").TrimEnd('\n'));
        }
        catch (Exception) { /* nowhere left to report it */ }
#pragma warning restore CA1031
    }
}
