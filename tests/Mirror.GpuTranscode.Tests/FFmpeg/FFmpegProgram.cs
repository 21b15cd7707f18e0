using System.Diagnostics;

namespace Mirror.GpuTranscode.Tests.FFmpeg;

/// <summary>Runs the ffmpeg and ffprobe programs, which make the tests' media and judge what Mirror made of it.</summary>
internal static class FFmpegProgram
{
    /// <summary>Runs ffmpeg; what it logs at <paramref name="level"/> comes back.</summary>
    public static string Run(string words, string level = "error") => Start("ffmpeg", $"-hide_banner -nostdin -y -v {level} {words}").Errors;

    /// <summary>Runs ffprobe on a file; its output comes back, a line each.</summary>
    public static string[] Probe(string words) => Start("ffprobe", $"-v error {words}").Output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    private static (string Output, string Errors) Start(string program, string words)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, words) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true })!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"{program} {words}\n{errors.Result}");
        return (output, errors.Result);
    }
}
