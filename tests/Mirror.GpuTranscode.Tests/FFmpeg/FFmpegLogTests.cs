using System.Collections.Concurrent;
using FFmpeg.AutoGen;
using Mirror.GpuTranscode.FFmpeg;

namespace Mirror.GpuTranscode.Tests.FFmpeg;

public sealed class FFmpegLogTests
{
    [Fact]
    public void Lines_of_the_libraries_arrive_whole()
    {
        ConcurrentQueue<string> lines = new();
        FFmpegLog.Attach(ffmpeg.AV_LOG_ERROR, (_, line) => lines.Enqueue(line));
        try { Assert.False(CodecProbe.Decodes("h264", [[0, 0, 1, 0x65, 0xFF]], null)); }
        finally { FFmpegLog.Attach(ffmpeg.AV_LOG_QUIET, static (_, _) => { }); }
        Assert.Contains(lines, line => line.Contains("h264", StringComparison.Ordinal) && line.EndsWith("no frame!", StringComparison.Ordinal));
    }

    [Fact]
    public void Errors_have_the_librarys_words()
    {
        var error = new FFmpegException("open the thing", ffmpeg.AVERROR_INVALIDDATA);
        Assert.Equal("open the thing: Invalid data found when processing input (-1094995529)", error.Message);
        Assert.True(FFmpegLibraries.TryLoad(out string? reason), reason);
        Assert.Matches(@"^59\.\d+\.\d+$", FFmpegLibraries.LibavcodecVersion);
    }
}
