using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Mirror.Streams.Tests.Servers;

/// <summary>A server that a test assembly starts on a port of this machine, and ends.</summary>
internal sealed class ServerProcess : IDisposable
{
    private static readonly TimeSpan LongestStart = TimeSpan.FromSeconds(60);
    private readonly Process _process;
    private readonly List<string> _output = [];

    private ServerProcess(ProcessStartInfo start)
    {
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        _process = new Process { StartInfo = start };
        _process.OutputDataReceived += OnOutput;
        _process.ErrorDataReceived += OnOutput;
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        AppDomain.CurrentDomain.ProcessExit += OnExit;
    }

    /// <summary>The top of the source tree.</summary>
    public static string Root { get; } = FindRoot(new DirectoryInfo(AppContext.BaseDirectory));

    /// <summary>Starts a server and waits until its port takes connections.</summary>
    public static async Task<ServerProcess> StartAsync(int port, string program, params string[] arguments)
    {
        var server = new ServerProcess(new ProcessStartInfo(program, arguments) { WorkingDirectory = Root });
        try
        {
            await server.UntilListeningAsync(port);
            return server;
        }
        catch
        {
            server.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        AppDomain.CurrentDomain.ProcessExit -= OnExit;
        OnExit(null, EventArgs.Empty);
        _process.Dispose();
    }

    private static string FindRoot(DirectoryInfo folder) => File.Exists(Path.Combine(folder.FullName, "Mirror.sln")) ? folder.FullName : FindRoot(folder.Parent!);

    private async Task UntilListeningAsync(int port)
    {
        using var timeout = new CancellationTokenSource(LongestStart);
        while (true)
        {
            using var probe = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                await probe.ConnectAsync(IPAddress.Loopback, port, timeout.Token);
                return;
            }
            catch (SocketException) when (!_process.HasExited) { await Task.Delay(20, timeout.Token); }
            catch (Exception error) when (error is SocketException or OperationCanceledException)
            {
                lock (_output) { throw new InvalidOperationException($"{_process.StartInfo.FileName} did not start:\n{string.Join('\n', _output)}", error); }
            }
        }
    }

    private void OnOutput(object sender, DataReceivedEventArgs line)
    {
        lock (_output) { if (line.Data is not null && _output.Count < 100) { _output.Add(line.Data); } }
    }

    private void OnExit(object? sender, EventArgs e)
    {
        if (_process.HasExited) { return; }
        _process.Kill(entireProcessTree: true);
        _process.WaitForExit();
    }
}
