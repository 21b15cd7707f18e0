using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Mirror.LocalCluster;

namespace Mirror.Benchmarks.Http;

/// <summary>One server under test, in a process of its own so that its CPU time can be told from the others'.</summary>
internal sealed class ServerProcess : IDisposable
{
    private const double TicksPerSecond = 100;      // USER_HZ, on every Linux that .NET runs on
    private readonly Process _process;

    private ServerProcess(string name, Process process, int httpPort, int httpsPort)
    {
        Name = name;
        _process = process;
        HttpPort = httpPort;
        HttpsPort = httpsPort;
    }

    public string Name { get; }

    public int HttpPort { get; }

    public int HttpsPort { get; }

    /// <summary>CPU time of the process and its children so far: user and system.</summary>
    public TimeSpan CpuTime()
    {
        double ticks = CpuTicks(_process.Id);
        foreach (string child in File.ReadAllText($"/proc/{_process.Id}/task/{_process.Id}/children").Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            ticks += CpuTicks(int.Parse(child, CultureInfo.InvariantCulture));
        }
        return TimeSpan.FromSeconds(ticks / TicksPerSecond);
    }

    /// <summary>Starts this program again under another subcommand, and waits until it serves.</summary>
    public static ServerProcess StartSelf(string name, string command, string folder)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet") { start.ArgumentList.Add(typeof(ServerProcess).Assembly.Location); }
        start.ArgumentList.Add(command);
        start.ArgumentList.Add(folder);
        Process process = Process.Start(start)!;
        var errors = new StringBuilder();
        process.ErrorDataReceived += (_, line) => errors.AppendLine(line.Data);
        process.BeginErrorReadLine();
        while (process.StandardOutput.ReadLine() is { } line)
        {
            if (line.Split(' ') is ["ready", string http, string https])
            {
                return new ServerProcess(name, process, int.Parse(http, CultureInfo.InvariantCulture), int.Parse(https, CultureInfo.InvariantCulture));
            }
        }
        process.WaitForExit();
        throw new InvalidOperationException($"{name} did not start: {errors.ToString().Trim()}");
    }

    /// <summary>Starts nginx over the same files. One worker a core, as its own default configuration advises.</summary>
    public static ServerProcess StartNginx(string folder)
    {
        BenchTool.Require("nginx");
        (int http, int https) = (FreePorts.Take(), FreePorts.Take());
        string configuration = Path.Combine(folder, "nginx.conf");
        File.WriteAllText(configuration,
            $$"""
            daemon off;
            worker_processes auto;
            pid {{folder}}/nginx.pid;
            error_log {{folder}}/nginx.log crit;
            events { worker_connections 4096; }
            http {
              access_log off;
              sendfile on;
              tcp_nopush on;
              keepalive_requests 1000000000;
              open_file_cache max=100;
              default_type video/mp4;
              client_body_temp_path {{folder}}/temp; proxy_temp_path {{folder}}/temp; fastcgi_temp_path {{folder}}/temp; uwsgi_temp_path {{folder}}/temp; scgi_temp_path {{folder}}/temp;
              server {
                listen 127.0.0.1:{{http}};
                listen 127.0.0.1:{{https}} ssl http2;
                ssl_certificate {{folder}}/certificate.pem;
                ssl_certificate_key {{folder}}/certificate.pem;
                ssl_protocols TLSv1.3;
                root {{folder}};
                add_header Cache-Control "max-age=3600, immutable";
                add_header Access-Control-Allow-Origin "*";
              }
            }
            """);
        var start = new ProcessStartInfo("nginx") { ArgumentList = { "-p", folder, "-c", configuration, "-e", Path.Combine(folder, "nginx.log") } };
        Process process = Process.Start(start)!;
        for (int attempt = 0; !IsListening(https); attempt++)
        {
            if (process.HasExited || attempt > 2_000) { throw new InvalidOperationException("nginx did not start: see " + Path.Combine(folder, "nginx.log")); }
            Thread.Sleep(5);
        }
        return new ServerProcess("nginx", process, http, https);
    }

    public void Dispose()
    {
        using (Process.Start("kill", ["-TERM", _process.Id.ToString(CultureInfo.InvariantCulture)])) { }
        if (!_process.WaitForExit(TimeSpan.FromSeconds(10))) { _process.Kill(entireProcessTree: true); }
        _process.Dispose();
    }

    private static double CpuTicks(int pid)
    {
        string stat = File.ReadAllText($"/proc/{pid}/stat");
        string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        return double.Parse(fields[11], CultureInfo.InvariantCulture) + double.Parse(fields[12], CultureInfo.InvariantCulture);   // utime, stime
    }

    private static bool IsListening(int port)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Connect(IPAddress.Loopback, port);
            return true;
        }
        catch (SocketException) { return false; }
    }
}
