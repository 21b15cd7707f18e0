using System.Diagnostics;

namespace Mirror.EndToEnd;

/// <summary>A program that a test runs: ffmpeg, ffprobe. Stopped with the test, by its process.</summary>
public sealed class Tool : IAsyncDisposable
{
    private readonly Process _process;

    private Tool(Process process, Task<string> output, Task<string> errors)
    {
        _process = process;
        Output = output;
        Errors = errors;
    }

    /// <summary>All of standard output, once it ended.</summary>
    public Task<string> Output { get; }

    /// <summary>All of standard error, once it ended.</summary>
    public Task<string> Errors { get; }

    public int ProcessId => _process.Id;

    public bool HasExited => _process.HasExited;

    /// <summary>Starts a program; words are split at spaces, those in <paramref name="more"/> are not.</summary>
    public static Tool Start(string program, string words, params string[] more)
    {
        var start = new ProcessStartInfo(program) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true, UseShellExecute = false };
        foreach (string word in words.Split(' ', StringSplitOptions.RemoveEmptyEntries)) { start.ArgumentList.Add(word); }
        foreach (string word in more) { start.ArgumentList.Add(word); }
        Process process = Process.Start(start)!;
        process.StandardInput.Close();
        return new Tool(process, process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
    }

    /// <summary>Runs a program to its end.</summary>
    /// <exception cref="InvalidOperationException">It failed; the message holds what it said.</exception>
    public static async Task<string> RunAsync(string program, string words, params string[] more)
    {
        await using Tool tool = Start(program, words, more);
        int code = await tool.ExitAsync();
        return code == 0 ? await tool.Output : throw new InvalidOperationException($"{program} ended with {code}: {await tool.Errors}");
    }

    public async Task<int> ExitAsync()
    {
        await _process.WaitForExitAsync();
        return _process.ExitCode;
    }

    /// <summary>Ends it at once, as a crash would.</summary>
    public async Task KillAsync()
    {
        if (!_process.HasExited) { _process.Kill(entireProcessTree: true); }
        await _process.WaitForExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        _process.Dispose();
    }
}
