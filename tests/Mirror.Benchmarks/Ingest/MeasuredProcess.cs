using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Mirror.Benchmarks.Ingest;

/// <summary>Processes that a bench starts, watches from outside and ends.</summary>
internal sealed class MeasuredProcess : IDisposable
{
    private const double TicksPerSecond = 100;               // USER_HZ, on every Linux that .NET runs on
    private readonly Process _process;

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
        var start = new ProcessStartInfo(program) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (string word in words) { start.ArgumentList.Add(word); }
        Process process = Process.Start(start)!;
        var measured = new MeasuredProcess(process);
        process.OutputDataReceived += (_, line) => measured._firstLine.TrySetResult(line.Data ?? "");
        process.ErrorDataReceived += static (_, _) => { };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return measured;
    }

    /// <summary>A whole Mirror but for its ladder, which is measured by itself, in a process of its own.</summary>
    public static MeasuredProcess StartMirror(int srtPort, int httpPort, string folder)
    {
        string[] words = ["serve-mirror", "--transcode.enabled", "false", "--ingestion.srt.port", $"{srtPort}", "--ingestion.srt.address", "127.0.0.1", "--server.http_port", $"{httpPort}",
            "--server.https_port", "0", "--store.directory", folder, "--logging.level", "error"];
        string self = Environment.ProcessPath!;
        return Path.GetFileNameWithoutExtension(self) == "dotnet" ? Start(self, [typeof(MeasuredProcess).Assembly.Location, .. words]) : Start(self, words);
    }

    public static int FreeUdpPort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    public static int FreeTcpPort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    public void Dispose()
    {
        if (!_process.HasExited) { _process.Kill(); }
        _process.WaitForExit();
        _process.Dispose();
    }
}
