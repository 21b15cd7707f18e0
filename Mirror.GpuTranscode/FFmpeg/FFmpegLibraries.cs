using FFmpeg.AutoGen;

namespace Mirror.GpuTranscode.FFmpeg;

/// <summary>Whether FFmpeg's libraries are installed, in the version whose structures Mirror knows.</summary>
internal static class FFmpegLibraries
{
    private const uint Libavcodec = 59;
    private const uint Libavutil = 57;
    private const uint Libavfilter = 8;
    private const uint Libswresample = 4;

    /// <summary>Version of libavcodec, such as <c>59.37.100</c>.</summary>
    public static string LibavcodecVersion => TextOf(ffmpeg.avcodec_version());

    /// <summary>Loads the libraries and compares their versions.</summary>
    /// <param name="reason">Why not, in a sentence with the way out.</param>
    public static bool TryLoad(out string? reason)
    {
        try
        {
            reason = Mismatch("libavcodec", ffmpeg.avcodec_version(), Libavcodec)
                ?? Mismatch("libavutil", ffmpeg.avutil_version(), Libavutil)
                ?? Mismatch("libavfilter", ffmpeg.avfilter_version(), Libavfilter)
                ?? Mismatch("libswresample", ffmpeg.swresample_version(), Libswresample);
        }
        catch (Exception error) when (error is DllNotFoundException or EntryPointNotFoundException or BadImageFormatException or TypeInitializationException)
        {
            reason = "FFmpeg's libraries were not found: install FFmpeg 5.1 (run `make setup`, or on Debian 12: apt-get install ffmpeg).";
        }
        return reason is null;
    }

    private static string? Mismatch(string library, uint version, uint major)
        => version >> 16 == major ? null : $"{library} {TextOf(version)} is installed, but Mirror needs {library} {major} of FFmpeg 5.1 (Debian 12: apt-get install ffmpeg).";

    private static string TextOf(uint version) => $"{version >> 16}.{(version >> 8) & 0xFF}.{version & 0xFF}";
}
