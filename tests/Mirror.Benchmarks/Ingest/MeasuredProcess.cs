using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Mirror.Benchmarks.Ingest;

/// <summary>Processes that a bench starts, watches from outside and ends.</summary>
internal sealed class MeasuredProcess : IDisposable
{
    private const double TicksPerSecond = 100;               // USER_HZ, on every Linux that .NET runs on
    private readonly Process _process;
    private readonly StringBuilder _errors = new();

    private readonly TaskCompletionSource<string> _firstLine = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private MeasuredProcess(Process process) => _process = process;

    /// <summary>The first line of its standard output.</summary>
    public Task<string> FirstLine => _firstLine.Task;

    /// <summary>User and system time so far.</summary>
    public double CpuSeconds
    {
        get
        {
            string stat = File.ReadAllText($"/proc/{_process.Id}/stat");
            string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return (double.Parse(fields[11], CultureInfo.InvariantCulture) + double.Parse(fields[12], CultureInfo.InvariantCulture)) / TicksPerSecond;
        }
    }

    /// <summary>Resident memory in MiB.</summary>
    public double ResidentMiB
    {
        get
        {
            string line = File.ReadLines($"/proc/{_process.Id}/status").First(line => line.StartsWith("VmRSS:", StringComparison.Ordinal));
            return double.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1024;
        }
    }

    public static MeasuredProcess Start(string program, params string[] words)
    {
        if (!Path.IsPathRooted(program)) { BenchTool.Require(program); }
        var start = new ProcessStartInfo(program) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (string word in words) { start.ArgumentList.Add(word); }
        Process process = Process.Start(start)!;
        var measured = new MeasuredProcess(process);
        process.OutputDataReceived += (_, line) => measured._firstLine.TrySetResult(line.Data ?? "");
        process.ErrorDataReceived += (_, line) => measured.KeepError(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return measured;
    }

    /// <summary>A whole Mirror but for its ladder, which is measured by itself, in a process of its own.</summary>
    public static MeasuredProcess StartMirror(int srtPort, int httpPort, string folder)
    {
        string[] words = ["serve-mirror", "--transcode.enabled", "false", "--ingestion.srt.port", $"{srtPort}", "--ingestion.srt.address", "127.0.0.1", "--server.http_port", $"{httpPort}",
            "--server.https_port", "0", "--server.https_address", "127.0.0.1", "--server.certificate.directory", Path.Combine(folder, "certs"), "--store.directory", Path.Combine(folder, "segments"),
            "--documents.directory", Path.Combine(folder, "documents"), "--dvr.directory", Path.Combine(folder, "recordings"), "--logging.level", "error"];
        string self = Environment.ProcessPath!;
        return Path.GetFileNameWithoutExtension(self) == "dotnet" ? Start(self, [typeof(MeasuredProcess).Assembly.Location, .. words]) : Start(self, words);
    }

    /// <summary>Throws if the process has ended before it should.</summary>
    /// <param name="name">What it is, for the message.</param>
    /// <exception cref="InvalidOperationException">It has; the message holds what it wrote to standard error.</exception>
    public void ThrowIfEnded(string name)
    {
        if (!_process.HasExited) { return; }
        _process.WaitForExit();                              // for the last lines too
        throw new InvalidOperationException($"{name} ended with {_process.ExitCode}: {Errors}");
    }

    /// <summary>The first of what it wrote to standard error.</summary>
    public string Errors
    {
        get { lock (_errors) { return _errors.ToString().Trim(); } }
    }

    /// <summary>Waits until a Mirror says that it is ready.</summary>
    /// <exception cref="InvalidOperationException">It ended, or is not ready after a long time.</exception>
    public async Task WaitUntilReadyAsync(HttpClient client)
    {
        const int Attempts = 400;                            // 20 s
        for (int attempt = 0; attempt < Attempts; attempt++)
        {
            ThrowIfEnded("Mirror");
            try
            {
                using HttpResponseMessage response = await client.GetAsync("/ready");
                if (response.IsSuccessStatusCode) { return; }
            }
            catch (HttpRequestException) { /* not listening yet */ }
            await Task.Delay(50);
        }
        throw new InvalidOperationException($"Mirror did not become ready: {Errors}");
    }

    public void Dispose()
    {
        if (!_process.HasExited) { _process.Kill(); }
        _process.WaitForExit();
        _process.Dispose();
    }

    private void KeepError(string? line)
    {
        const int MostErrorCharacters = 2000;
        lock (_errors)
        {
            if (line is not null && _errors.Length < MostErrorCharacters) { _errors.AppendLine(line); }
        }
    }
}
