using System.Diagnostics;
using System.Globalization;

namespace Mirror.LocalCluster;

/// <summary>Breaks one thing after the other, in an order that a seed decides, while viewers check.</summary>
/// <param name="cluster">The cluster.</param>
/// <param name="viewers">Those who check; a fault is over once all of them have new parts again.</param>
/// <param name="seed">Decides the order, and all times.</param>
/// <param name="log">Told what is done.</param>
public sealed class Chaos(Cluster cluster, IReadOnlyList<CheckingViewer> viewers, int seed, Action<string> log)
{
    private static readonly TimeSpan LongestRecovery = TimeSpan.FromSeconds(45);
    private readonly Random _random = new(seed);

    /// <summary>Faults so far.</summary>
    public int Faults { get; private set; }

    /// <summary>Breaks things for as long as it is told.</summary>
    /// <exception cref="TimeoutException">Viewers did not go on after a fault.</exception>
    public async Task RunAsync(TimeSpan duration, CancellationToken cancellationToken)
    {
        long started = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(started) < duration)
        {
            await BreakAsync(cancellationToken);
            Faults++;
            await RecoverAsync(cancellationToken);
        }
    }

    private async Task BreakAsync(CancellationToken cancellationToken)
    {
        int choice = _random.Next(100);
        if (choice < 10) { await RestartAsync(cluster.Redis, null, _random.Next(200, 3_000), cancellationToken); }
        else if (choice < 20) { await PauseAsync(cluster.Blob, _random.Next(1_000, 12_000), cancellationToken); }
        else
        {
            ClusterNode node = cluster.Nodes[_random.Next(cluster.Nodes.Count)];
            if (choice < 70) { await RestartAsync(node.Process, node, _random.Next(500, 4_000), cancellationToken); }
            else { await PauseAsync(node.Process, _random.Next(1_000, 6_000), cancellationToken); }
        }
    }

    /// <summary>kill -9, and a new start some time later.</summary>
    private async Task RestartAsync(ClusterProcess process, ClusterNode? node, int milliseconds, CancellationToken cancellationToken)
    {
        Log($"kill -9 {process.Name}, {milliseconds} ms");
        await process.KillAsync();
        await Task.Delay(milliseconds, cancellationToken);
        process.Start();
        if (node is not null) { await cluster.WaitUntilReadyAsync(node, cancellationToken); }
        else { await cluster.WaitForBackendsAsync(cancellationToken); }
    }

    /// <summary>SIGSTOP, and SIGCONT some time later: the process finds a world that went on without it.</summary>
    private async Task PauseAsync(ClusterProcess process, int milliseconds, CancellationToken cancellationToken)
    {
        Log($"stop {process.Name} for {milliseconds} ms");
        process.Send(Signal.Stop);
        try { await Task.Delay(milliseconds, cancellationToken); }
        finally { process.Send(Signal.Continue); }
    }

    /// <summary>Waits until every viewer has had new parts for a while.</summary>
    private async Task RecoverAsync(CancellationToken cancellationToken)
    {
        long started = Stopwatch.GetTimestamp();
        int calm = 0;
        while (calm < 8)
        {
            await Task.Delay(250, cancellationToken);
            calm = viewers.All(viewer => viewer.Silence < TimeSpan.FromSeconds(1)) ? calm + 1 : 0;
            if (Stopwatch.GetElapsedTime(started) > LongestRecovery)
            {
                string silent = string.Join(", ", viewers.Where(viewer => viewer.Silence > TimeSpan.FromSeconds(1)).Select(viewer => $"{viewer.Name} for {viewer.Silence.TotalSeconds:F1} s"));
                throw new TimeoutException($"After fault {Faults} (seed {seed}) there is nothing new of {silent}.");
            }
        }
        Log(string.Create(CultureInfo.InvariantCulture, $"all go on after {Stopwatch.GetElapsedTime(started).TotalSeconds:F1} s"));
    }

    private void Log(string text) => log($"{DateTime.UtcNow:HH:mm:ss.fff} {Faults,3} {text}");
}
