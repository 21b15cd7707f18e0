using System.Text;
using FFmpeg.AutoGen;

namespace Mirror.GpuTranscode.FFmpeg;

/// <summary>A call into FFmpeg's libraries failed.</summary>
internal sealed unsafe class FFmpegException(string action, int error) : Exception($"{action}: {TextOf(error)}")
{
    private const int LongestText = 128;

    /// <summary>The library's error code, negative.</summary>
    public int Error { get; } = error;

    /// <summary>Throws where <paramref name="result"/> is an error.</summary>
    /// <param name="result">What the call returned.</param>
    /// <param name="action">What was tried, such as "open the encoder libx264".</param>
    /// <returns><paramref name="result"/>.</returns>
    public static int ThrowIfError(int result, string action) => result >= 0 ? result : throw new FFmpegException(action, result);

    /// <summary>Throws where an allocation returned nothing.</summary>
    public static void ThrowIfNull(void* pointer, string action)
    {
        if (pointer is null) { throw new FFmpegException(action, ffmpeg.AVERROR(ffmpeg.ENOMEM)); }
    }

    /// <summary>The library's words for an error code.</summary>
    public static string TextOf(int error)
    {
        byte* text = stackalloc byte[LongestText];
        ffmpeg.av_strerror(error, text, LongestText);
        var bytes = new ReadOnlySpan<byte>(text, LongestText);
        int end = bytes.IndexOf((byte)0);
        return $"{Encoding.UTF8.GetString(bytes[..Math.Max(end, 0)])} ({error})";
    }
}
