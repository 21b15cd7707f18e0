using System.Diagnostics;

namespace Mirror.Benchmarks.Http;

/// <summary>
/// CPU time a request and requests a second for cached parts and playlists: Mirror's origin, a bare Kestrel that returns arrays, and nginx
/// that serves files, side by side in one run. Absolute figures are the machine's; the ratios are what counts.
/// </summary>
internal sealed class HttpBench : IBench
{
    private static readonly (string Load, string What)[] BriefLoads = [("h1", "5k"), ("h2+TLS", "playlist")];

    public string Name => "http";

    public string Options => "--rounds N; loads are such as --only h1 or --only 'h2+TLS playlist'";

    public string Description => "CPU and rate of delivery, beside a bare Kestrel and nginx";

    public async Task RunAsync(BenchRun run)
    {
        int seconds = run.Options.Number("--seconds", 3, 1);
        int rounds = run.Options.Number("--rounds", 3, 1);
        int warmUpSeconds = run.Options.IsBrief ? 0 : 3;
        string folder = Directory.CreateTempSubdirectory("mirror-bench-").FullName;
        List<ServerProcess> servers = [];
        try
        {
            ServedFiles.WriteCertificate(folder);
            servers.Add(ServerProcess.StartSelf("Mirror", "serve-origin", folder));
            File.SetUnixFileMode(folder, (UnixFileMode)0b111_101_101);         // nginx's workers run as another user
            AddReference("bare Kestrel", () => ServerProcess.StartSelf("bare Kestrel", "serve-bare", folder));
            AddReference("nginx", () => ServerProcess.StartNginx(folder));
            Console.WriteLine($"{Environment.ProcessorCount} cores, {rounds} rounds of {seconds} s each; µs of server CPU a request, median (requests/s), and Mirror's ratio to it");
            Console.WriteLine($"{"",-18}{string.Concat(servers.Select(server => $"{server.Name,26}"))}");
            foreach ((LoadGenerator load, string what, string path) in Loads(run.Options.IsBrief))
            {
                string name = $"{load.Name} {what}";
                await run.MeasureAsync(name, () => Task.Run(() =>
                {
                    HttpResult[] results = Measure(servers, load, path, warmUpSeconds, seconds, rounds);
                    Console.WriteLine($"{name,-18}{results[0],26}{string.Concat(results.Skip(1).Select(result => $"{result,20}{results[0].Micros / result.Micros,6:F2}"))}");
                    return new BenchFigure(results[0].Micros, "µs CPU a request");
                }));
            }
        }
        finally
        {
            servers.ForEach(server => server.Dispose());
            Directory.Delete(folder, recursive: true);
        }

        // Mirror can be measured without a reference, so one that is missing has a row of its own.
        void AddReference(string name, Func<ServerProcess> start)
        {
            try { servers.Add(start()); }
            catch (Exception error) { run.AddFailure(name, error); }
        }
    }

    private static IEnumerable<(LoadGenerator Load, string What, string Path)> Loads(bool isBrief)
        => from load in LoadGenerator.All
           from file in ServedFiles.Parts.Select(part => (What: part.Name, Path: ServedFiles.PathOfPart(part.Name))).Append((What: "playlist", Path: ServedFiles.PathOfPlaylist))
           where !isBrief || BriefLoads.Contains((load.Name, file.What))
           select (load, file.What, file.Path);

    // Rounds alternate between the servers, so that whatever else the machine does meets them alike.
    private static HttpResult[] Measure(List<ServerProcess> servers, LoadGenerator load, string path, int warmUpSeconds, int seconds, int rounds)
    {
        if (warmUpSeconds > 0) { servers.ForEach(server => load.Run(server, path, warmUpSeconds)); }
        var results = servers.Select(_ => new List<HttpResult>()).ToArray();
        for (int round = 0; round < rounds; round++)
        {
            for (int i = 0; i < servers.Count; i++)
            {
                TimeSpan before = servers[i].CpuTime();
                long start = Stopwatch.GetTimestamp();
                long requests = load.Run(servers[i], path, seconds);
                TimeSpan elapsed = Stopwatch.GetElapsedTime(start);
                results[i].Add(new HttpResult((servers[i].CpuTime() - before).TotalMicroseconds / requests, requests / elapsed.TotalSeconds));
            }
        }
        return [.. results.Select(list => list.OrderBy(result => result.Micros).ElementAt(list.Count / 2))];
    }

    private readonly record struct HttpResult(double Micros, double RequestsPerSecond)
    {
        public override string ToString() => $"{Micros:F1} ({RequestsPerSecond:F0})";
    }
}
