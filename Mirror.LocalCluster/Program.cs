using System.CommandLine;
using System.Globalization;
using System.Numerics;
using Mirror.LocalCluster;

var nodes = new Option<int>("--nodes") { Description = "Nodes of each kind: ingest, transcode, origin, functions", DefaultValueFactory = _ => 2 };
var streams = new Option<int>("--streams") { Description = "Test streams to push", DefaultValueFactory = _ => 2 };
var redis = new Option<string>("--redis") { Description = "Program for the shared state", DefaultValueFactory = _ => "redis-server" };
redis.AcceptOnlyFromAmong("redis-server", "garnet-server");
var settings = new Argument<string[]>("settings") { Description = "Further words for every node, such as -- --delivery.live_window 60s", Arity = ArgumentArity.ZeroOrMore };
Limit(nodes, 1, 8);
Limit(streams, 0, 25);

var command = new RootCommand("A whole Mirror on this machine, every node a process of its own, with Redis and Azurite. Ctrl-C ends it.") { nodes, streams, redis, settings };

var minutes = new Option<double>("--minutes") { Description = "How long to break things", DefaultValueFactory = _ => 5 };
var seed = new Option<int>("--seed") { Description = "Decides what is broken, in which order", DefaultValueFactory = _ => Random.Shared.Next(100_000) };
Limit(minutes, 0.1, 600);
var chaos = new Command("chaos", "Kill, stop and restart nodes, Redis and the store in a seeded order, while a viewer of every rendition checks what it gets") { nodes, streams, redis, minutes, seed, settings };
chaos.SetAction((arguments, cancellationToken) => ChaosRun.RunAsync(
    new ClusterPlan { NodesOfEachKind = arguments.GetValue(nodes), Redis = arguments.GetValue(redis)!, Settings = arguments.GetValue(settings) ?? [] },
    Math.Max(1, arguments.GetValue(streams)), TimeSpan.FromMinutes(arguments.GetValue(minutes)), arguments.GetValue(seed), Console.WriteLine, cancellationToken));
command.Subcommands.Add(chaos);
command.SetAction((arguments, cancellationToken) => RunAsync(
    new ClusterPlan { NodesOfEachKind = arguments.GetValue(nodes), Redis = arguments.GetValue(redis)!, Settings = arguments.GetValue(settings) ?? [], Ports = (30_000, 8080, 8443) },
    arguments.GetValue(streams), cancellationToken));
// Ending a process that does not end by itself takes ten seconds: without that much time, some would be left behind.
return await command.Parse(args).InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = TimeSpan.FromSeconds(30) });

// Where the word is no number at all, the parser says so by itself.
static void Limit<T>(Option<T> option, T least, T most) where T : INumber<T>
    => option.Validators.Add(result =>
    {
        bool isOutside = result.Tokens.Count == 1 && T.TryParse(result.Tokens[0].Value, CultureInfo.InvariantCulture, out T? given) && (given < least || given > most);
        if (isOutside) { result.AddError($"{option.Name} is from {least} to {most}."); }
    });

static async Task<int> RunAsync(ClusterPlan plan, int streams, CancellationToken cancellationToken)
{
    try
    {
        await using Cluster cluster = await Cluster.StartAsync(plan, new Progress<string>(text => Console.WriteLine($"cluster: {text}")), cancellationToken);
        TestEncoder[] encoders = [.. Enumerable.Range(0, streams).Select(i => new TestEncoder($"test-{i + 1}", cluster.SrtPortsFor(i), "640x360", 30))];
        try
        {
            Describe(cluster, encoders);
            await Watch(cluster, cancellationToken);
            return 0;
        }
        finally { await Task.WhenAll(encoders.Select(encoder => encoder.DisposeAsync().AsTask())); }
    }
    catch (InvalidOperationException error)
    {
        await Console.Error.WriteLineAsync($"cluster: {error.Message}");
        return 1;
    }
    catch (OperationCanceledException) { return 0; }
}

static void Describe(Cluster cluster, IEnumerable<TestEncoder> encoders)
{
    Console.WriteLine();
    Console.WriteLine("  Mirror is live.");
    Console.WriteLine();
    foreach (ClusterNode node in cluster.Nodes)
    {
        string address = node.Kind == NodeKind.Ingest ? $"srt://127.0.0.1:{node.SrtPort}?streamid=NAME" : node.Http.ToString();
        Console.WriteLine($"    {node.Name,-12} pid {node.Process.ProcessId,-8} {address}");
    }
    Console.WriteLine($"    {cluster.Redis.Name,-12} pid {cluster.Redis.ProcessId,-8} 127.0.0.1:{cluster.RedisPort}");
    Console.WriteLine($"    {cluster.Blob.Name,-12} pid {cluster.Blob.ProcessId,-8} http://127.0.0.1:{cluster.BlobPort}/devstoreaccount1");
    Console.WriteLine();
    foreach (TestEncoder encoder in encoders) { Console.WriteLine($"    player       {cluster.Of(NodeKind.Origin).First().Http}watch/{encoder.Stream}"); }
    Console.WriteLine();
    Console.WriteLine($"  Every origin serves every stream. Kill any node: kill -9 PID; it is started again. Logs: {cluster.Folder}");
    Console.WriteLine("  Ctrl-C stops.");
    Console.WriteLine();
}

// What a cluster manager does: a process that ended is started again.
static async Task Watch(Cluster cluster, CancellationToken cancellationToken)
{
    using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1));
    while (await timer.WaitForNextTickAsync(cancellationToken))
    {
        foreach (ClusterProcess process in cluster.Nodes.Select(node => node.Process).Append(cluster.Redis).Append(cluster.Blob).Append(cluster.Topic))
        {
            if (process.IsRunning) { continue; }
            Console.WriteLine($"cluster: {process.Name} ended and is started again");
            process.Start();
        }
    }
}
