using System.Diagnostics;

namespace Mirror.Benchmarks;

/// <summary>Programs that benches start and that may not be installed: ffmpeg, gcc, wrk, h2load, nginx, srt-live-transmit.</summary>
internal static class BenchTool
{
    /// <summary>Throws unless a program is in the path.</summary>
    /// <exception cref="ToolMissingException">It is not.</exception>
    public static void Require(string program)
    {
        string[] folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries);
        if (!folders.Any(folder => File.Exists(Path.Combine(folder, program)))) { throw new ToolMissingException(program); }
    }

    /// <summary>Runs a program to its end.</summary>
    /// <exception cref="ToolMissingException">It is not installed.</exception>
    /// <exception cref="InvalidOperationException">It failed; the message holds what it said.</exception>
    public static void Run(string program, string words)
    {
        Require(program);
        using Process process = Process.Start(new ProcessStartInfo(program, words) { UseShellExecute = false, RedirectStandardError = true })!;
        string errors = process.StandardError.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0) { throw new InvalidOperationException($"{program} {words} ended with {process.ExitCode}: {errors.Trim()}"); }
    }
}

/// <summary>A program is not installed.</summary>
internal sealed class ToolMissingException(string program) : Exception($"not installed: {program}");
