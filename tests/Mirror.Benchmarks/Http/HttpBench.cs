using System.Diagnostics;
using System.Globalization;

namespace Mirror.Benchmarks.Http;

/// <summary>
/// CPU time a request and requests a second for cached parts and playlists: Mirror's origin, a bare Kestrel that returns arrays, and nginx
/// that serves files, side by side in one run. Absolute figures are the machine's; the ratios are what counts.
/// </summary>
internal static class HttpBench
{
    private const int WarmUpSeconds = 3;

    public static async Task<int> RunAsync(string[] arguments)
    {
        int seconds = int.Parse(Option(arguments, "--seconds") ?? "3", CultureInfo.InvariantCulture);
        int rounds = int.Parse(Option(arguments, "--rounds") ?? "3", CultureInfo.InvariantCulture);
        string only = Option(arguments, "--only") ?? "";
        string folder = Directory.CreateTempSubdirectory("mirror-bench-").FullName;
        try
        {
            ServedFiles.WriteCertificate(folder);
            using ServerProcess origin = ServerProcess.StartSelf("Mirror", "serve-origin", folder);
            File.SetUnixFileMode(folder, (UnixFileMode)0b111_101_101);         // nginx's workers run as another user
            using ServerProcess bare = ServerProcess.StartSelf("bare Kestrel", "serve-bare", folder);
            using ServerProcess nginx = ServerProcess.StartNginx(folder);
            await Console.Out.WriteLineAsync($"{Environment.ProcessorCount} cores, {rounds} rounds of {seconds} s each; µs of server CPU a request, median (requests/s)\n");
            await Console.Out.WriteLineAsync($"{"",-18}{"Mirror",20}{"bare Kestrel",20}{"nginx",20}{"Mirror/bare",14}{"Mirror/nginx",14}");
            foreach (LoadGenerator load in LoadGenerator.All)
            {
                foreach ((string what, string path) in Paths())
                {
                    if (!$"{load.Name} {what}".Contains(only, StringComparison.Ordinal)) { continue; }
                    Result[] results = Measure([origin, bare, nginx], load, path, seconds, rounds);
                    await Console.Out.WriteLineAsync($"{load.Name + " " + what,-18}{results[0],20}{results[1],20}{results[2],20}{results[0].Micros / results[1].Micros,14:F2}{results[0].Micros / results[2].Micros,14:F2}");
                }
            }
            return 0;
        }
        finally { Directory.Delete(folder, recursive: true); }
    }

    private static IEnumerable<(string What, string Path)> Paths()
        => ServedFiles.Parts.Select(part => (part.Name, ServedFiles.PathOfPart(part.Name))).Append(("playlist", ServedFiles.PathOfPlaylist));

    // Rounds alternate between the servers, so that whatever else the machine does meets them alike.
    private static Result[] Measure(ServerProcess[] servers, LoadGenerator load, string path, int seconds, int rounds)
    {
        foreach (ServerProcess server in servers) { load.Run(server, path, WarmUpSeconds); }
        var results = servers.Select(_ => new List<Result>()).ToArray();
        for (int round = 0; round < rounds; round++)
        {
            for (int i = 0; i < servers.Length; i++)
            {
                TimeSpan before = servers[i].CpuTime();
                long start = Stopwatch.GetTimestamp();
                long requests = load.Run(servers[i], path, seconds);
                TimeSpan elapsed = Stopwatch.GetElapsedTime(start);
                results[i].Add(new Result((servers[i].CpuTime() - before).TotalMicroseconds / requests, requests / elapsed.TotalSeconds));
            }
        }
        return [.. results.Select(list => list.OrderBy(result => result.Micros).ElementAt(list.Count / 2))];
    }

    private static string? Option(string[] arguments, string name)
    {
        int at = Array.IndexOf(arguments, name);
        return at >= 0 && at + 1 < arguments.Length ? arguments[at + 1] : null;
    }

    private readonly record struct Result(double Micros, double RequestsPerSecond)
    {
        public override string ToString() => $"{Micros:F1} ({RequestsPerSecond:F0})";
    }
}
