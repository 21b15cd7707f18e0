using System.Globalization;

namespace Mirror.LocalCluster;

/// <summary>Starts a cluster, pushes streams, breaks things for a while, and says what viewers saw.</summary>
public static class ChaosRun
{
    private static readonly TimeSpan LongestStart = TimeSpan.FromSeconds(60);
    private static readonly HashSet<string> Expected = ["source", "audio", "360p"];      // of a test stream, with the ladder by default

    /// <summary>Runs it.</summary>
    /// <returns>0 where everything held.</returns>
    public static async Task<int> RunAsync(ClusterPlan plan, int streams, TimeSpan duration, int seed, Action<string> log, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(log);
        log($"seed {seed}");
        // A window in which viewers stay while a fault lasts; without it they would fall out of the playlist, as they may.
        await using Cluster cluster = await Cluster.StartAsync(plan with { Settings = ["--delivery.live_window", "60s", "--store.retention", "3m", "--dvr.enabled", "true", .. plan.Settings] }, new Progress<string>(log), cancellationToken);
        cluster.KeepsFolder = true;                          // until all was well: whoever finds that it was not wants the logs
        log($"what each process writes: {cluster.Folder}");
        List<TestEncoder> encoders = [];
        using var http = CheckingViewer.CreateClient();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        try
        {
            for (int i = 0; i < streams; i++) { encoders.Add(new TestEncoder($"chaos-{i + 1}", cluster.SrtPortsFor(i), "640x360", 25)); }
            List<CheckingViewer> viewers = await FindRenditionsAsync(cluster, encoders, http, cancellationToken);
            log($"{viewers.Count} viewers: {string.Join(", ", viewers.Select(viewer => viewer.Name))}");
            Task watching = Task.WhenAll(viewers.Select(viewer => viewer.RunAsync(stop.Token)));
            var chaos = new Chaos(cluster, viewers, seed, log);
            string? failure = null;
            try { await chaos.RunAsync(duration, cancellationToken); }
            catch (TimeoutException error)
            {
                failure = error.Message;
                log($"FAILED {failure}");
            }
            await stop.CancelAsync();
            await watching;
            Report(viewers, log);
            int calls = encoders.Sum(encoder => encoder.Calls);
            string[] recorded = [.. encoders.Select(encoder => encoder.Stream)];
            await StopAsync(encoders);                       // the check reads all that was stored: the store has that to do alone
            var recordings = new RecordingCheck(cluster.Of(NodeKind.Origin).First().Http, http);
            foreach (string stream in recorded) { await recordings.RunAsync(stream, log, cancellationToken); }
            int result = Conclude(viewers, recordings, chaos.Faults, calls, failure, log);
            cluster.KeepsFolder = result != 0;
            return result;
        }
        finally { await StopAsync(encoders); }
    }

    private static async Task StopAsync(List<TestEncoder> encoders)
    {
        foreach (TestEncoder encoder in encoders) { await encoder.DisposeAsync(); }
        encoders.Clear();
    }

    /// <summary>A viewer for each rendition of each stream, once the streams have them all.</summary>
    private static async Task<List<CheckingViewer>> FindRenditionsAsync(Cluster cluster, List<TestEncoder> encoders, HttpClient http, CancellationToken cancellationToken)
    {
        Uri[] origins = [.. cluster.Of(NodeKind.Origin).Select(node => node.Http)];
        List<CheckingViewer> viewers = [];
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(LongestStart);
        foreach (TestEncoder encoder in encoders)
        {
            string[] renditions = [];
            while (!Expected.IsSubsetOf(renditions))
            {
                await Task.Delay(250, patience.Token);
                using HttpResponseMessage response = await http.GetAsync(new Uri(origins[0], $"live/{encoder.Stream}/playlist.m3u8"), patience.Token);
                if (!response.IsSuccessStatusCode) { continue; }
                string playlist = await response.Content.ReadAsStringAsync(patience.Token);
                renditions = [.. playlist.Split('\n', '"').Where(word => word.EndsWith("/playlist.m3u8", StringComparison.Ordinal)).Select(word => word.Split('/')[^2]).Distinct(StringComparer.Ordinal)];
            }
            viewers.AddRange(renditions.Select((rendition, index) => new CheckingViewer(encoder.Stream, rendition, index % 2 == 0 ? origins : origins.Reverse(), http)));
        }
        return viewers;
    }

    private static void Report(List<CheckingViewer> viewers, Action<string> log)
    {
        log("");
        log($"{"rendition",-24}{"parts",8}{"segments",10}{"gaps",6}{"discont.",10}{"retries",9}{"longest interruption",22}");
        foreach (CheckingViewer viewer in viewers)
        {
            log(string.Create(CultureInfo.InvariantCulture,
                $"{viewer.Name,-24}{viewer.Parts,8}{viewer.Segments,10}{viewer.Gaps,6}{viewer.Discontinuities,10}{viewer.Retries,9}{viewer.LongestInterruption.TotalSeconds,20:F2} s"));
        }
        log("");
    }

    private static int Conclude(List<CheckingViewer> viewers, RecordingCheck recordings, int faults, int calls, string? failure, Action<string> log)
    {
        string[] violations = [.. viewers.SelectMany(viewer => viewer.Violations), .. recordings.Violations];
        log("");
        foreach (string violation in violations) { log($"VIOLATION {violation}"); }
        if (failure is not null) { log($"FAILED {failure}"); }
        TimeSpan longest = viewers.Max(viewer => viewer.LongestInterruption);
        log(string.Create(CultureInfo.InvariantCulture, $"{faults} faults, {calls} calls of encoders, longest interruption {longest.TotalSeconds:F2} s, {violations.Length} violations"));
        return violations.Length == 0 && failure is null ? 0 : 1;
    }
}
