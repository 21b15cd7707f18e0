using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Mirror.Benchmarks.Http;

/// <summary>How a server is asked: the protocol, and the tool that speaks it.</summary>
internal sealed record LoadGenerator(string Name, bool IsTls, bool IsHttp2)
{
    private const int Connections = 16;
    private const int StreamsPerConnection = 4;

    public static readonly LoadGenerator[] All = [new("h1", false, false), new("h1+TLS", true, false), new("h2+TLS", true, true)];

    /// <summary>Runs for some seconds.</summary>
    /// <returns>Requests answered with 200.</returns>
    public long Run(ServerProcess server, string path, int seconds)
    {
        string url = IsTls ? $"https://127.0.0.1:{server.HttpsPort}{path}" : $"http://127.0.0.1:{server.HttpPort}{path}";
        string output = IsHttp2
            ? RunTool("h2load", ["-t1", $"-c{Connections / StreamsPerConnection}", $"-m{StreamsPerConnection}", $"-D{seconds}", "-w20", "-W24", url])
            : RunTool("wrk", ["-t1", "--timeout", "60s", $"-c{Connections}", $"-d{seconds}s", url]);
        Match match = Regex.Match(output, IsHttp2 ? @"(\d+) succeeded, (\d+) failed" : @"(\d+) requests in", RegexOptions.NonBacktracking);
        bool failed = !match.Success || (IsHttp2 ? match.Groups[2].Value != "0" : output.Contains("Non-2xx", StringComparison.Ordinal) || output.Contains("Socket errors", StringComparison.Ordinal));
        if (failed) { throw new InvalidOperationException($"{server.Name}, {url}: {output}"); }
        return long.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture);
    }

    private static string RunTool(string tool, string[] arguments)
    {
        BenchTool.Require(tool);
        using Process process = Process.Start(new ProcessStartInfo(tool, arguments) { RedirectStandardOutput = true, UseShellExecute = false })!;
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return output;
    }
}
