using System.Globalization;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace Mirror.LocalCluster;

/// <summary>A whole Mirror on this machine without containers: Redis, Azurite, a topic for events, and nodes of every kind, each a process of its own.</summary>
public sealed class Cluster : IAsyncDisposable
{
    private const string AzuriteAccount = "devstoreaccount1";
    private const string AzuriteKey = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";     // the emulator's, known to all
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly string _folder;
    private readonly int _topicPort;
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(5) };

    private Cluster(string folder, ClusterPlan plan)
    {
        _folder = folder;
        string root = FindRoot();
        string key = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        (RedisPort, BlobPort) = (FreePorts.Take(), FreePorts.Take());
        string port = RedisPort.ToString(CultureInfo.InvariantCulture);
        Redis = plan.Redis == "garnet-server"
            ? new ClusterProcess("garnet", folder, "dotnet", ["tool", "run", "garnet-server", "--", "--port", port, "--bind", "127.0.0.1"])
            : new ClusterProcess("redis", folder, plan.Redis, ["--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", folder]);
        Blob = new ClusterProcess("azurite", folder, "node",
            [FindAzurite(root), "--blobHost", "127.0.0.1", "--blobPort", BlobPort.ToString(CultureInfo.InvariantCulture), "--inMemoryPersistence", "--skipApiVersionCheck", "--silent"]);
        string blob = $"DefaultEndpointsProtocol=http;AccountName={AzuriteAccount};AccountKey={AzuriteKey};BlobEndpoint=http://127.0.0.1:{BlobPort}/{AzuriteAccount};";
        _topicPort = FreePorts.Take();
        var environment = new Dictionary<string, string>
        {
            ["MIRROR_CLUSTER_KEY"] = key,
            ["MIRROR_SHARED_REDIS"] = $"127.0.0.1:{RedisPort}",
            ["MIRROR_SHARED_BLOB"] = blob,
            ["MIRROR_EVENTS_EVENT_GRID_ENDPOINT"] = $"http://127.0.0.1:{_topicPort}/api/events",
            ["MIRROR_EVENTS_EVENT_GRID_KEY"] = key,
            ["MIRROR_FUNCTIONS_EVENT_GRID_KEY"] = key,
        };
        Environment = environment;
        foreach (NodeKind kind in plan.Kinds)
        {
            for (int i = 1; i <= plan.NodesOfEachKind; i++) { _nodes.Add(CreateNode(kind, i, plan, root, environment)); }
        }
        string webhooks = string.Join('|', Of(NodeKind.Functions).Select(node => new Uri(node.Http, $"runtime/webhooks/EventGrid?functionName=DeliverWebhooks&code={key}")));
        Topic = new ClusterProcess("topic", folder, ProgramOf("Mirror.EventTopic", plan, root),
            [
                "--server.http_port", Text(_topicPort), "--server.https_port", Text(FreePorts.Take()), "--server.https_address", "127.0.0.1",
                "--server.certificate.directory", Path.Combine(folder, "certs"), "--event_topic.directory", Path.Combine(folder, "topic"),
                "--event_topic.dead_letter", Path.Combine(folder, "topic", "dead-letter.jsonl"), "--event_topic.retry_factor", "0.01",
            ],
            new Dictionary<string, string> { ["MIRROR_EVENT_TOPIC_KEY"] = key, ["MIRROR_EVENT_TOPIC_SUBSCRIBERS"] = webhooks });
    }

    private readonly List<ClusterNode> _nodes = [];

    /// <summary>All nodes.</summary>
    public IReadOnlyList<ClusterNode> Nodes => _nodes;

    /// <summary>The shared state.</summary>
    public ClusterProcess Redis { get; }

    /// <summary>The segment store.</summary>
    public ClusterProcess Blob { get; }

    /// <summary>The topic that events go to.</summary>
    public ClusterProcess Topic { get; }

    /// <summary>What every node is told by variables: where the shared state is, and the cluster's key.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; }

    /// <summary>TCP port of the shared state.</summary>
    public int RedisPort { get; }

    /// <summary>TCP port of the segment store.</summary>
    public int BlobPort { get; }

    /// <summary>Where each process writes its log.</summary>
    public string Folder => _folder;

    /// <summary>Whether <see cref="Folder"/> outlives the cluster, for somebody is to read the logs.</summary>
    public bool KeepsFolder { get; set; }

    /// <summary>Starts everything, and waits until every node says that it is ready.</summary>
    /// <param name="plan">What to start.</param>
    /// <param name="progress">Told what is being waited for.</param>
    /// <param name="cancellationToken">Ends the wait, and what was started.</param>
    /// <exception cref="InvalidOperationException">A process did not start; the message holds what it wrote.</exception>
    public static async Task<Cluster> StartAsync(ClusterPlan plan, IProgress<string>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(plan);
        var cluster = new Cluster(Directory.CreateTempSubdirectory("mirror-cluster-").FullName, plan);
        try
        {
            progress?.Report($"starting {cluster.Redis.Name} and {cluster.Blob.Name}");
            cluster.Redis.Start();
            cluster.Blob.Start();
            await cluster.WaitForBackendsAsync(cancellationToken);
            progress?.Report($"starting {cluster.Nodes.Count} nodes");
            cluster.Topic.Start();
            foreach (ClusterNode node in cluster.Nodes) { node.Process.Start(); }
            foreach (ClusterNode node in cluster.Nodes) { await cluster.WaitUntilReadyAsync(node, cancellationToken); }
            await WaitAsync(cluster.Topic, () => ConnectAsync(cluster._topicPort, cancellationToken), cancellationToken);
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>The nodes of a kind.</summary>
    public IEnumerable<ClusterNode> Of(NodeKind kind) => _nodes.Where(node => node.Kind == kind);

    /// <summary>UDP ports of all ingest nodes, in the order in which an encoder calls them: each encoder begins with another.</summary>
    /// <param name="encoder">Which encoder, from 0.</param>
    public IReadOnlyList<int> SrtPortsFor(int encoder)
    {
        int[] ports = [.. Of(NodeKind.Ingest).Select(node => node.SrtPort)];
        int first = encoder % ports.Length;
        return [.. ports[first..], .. ports[..first]];
    }

    /// <summary>Waits until a node answers <c>/ready</c>.</summary>
    public Task WaitUntilReadyAsync(ClusterNode node, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(node);
        return WaitAsync(node.Process, async () =>
        {
            using HttpResponseMessage response = await _http.GetAsync(new Uri(node.Http, "/ready"), cancellationToken);
            return response.IsSuccessStatusCode;
        }, cancellationToken);
    }

    /// <summary>Waits until both backends take connections.</summary>
    public async Task WaitForBackendsAsync(CancellationToken cancellationToken = default)
    {
        await WaitAsync(Redis, () => ConnectAsync(RedisPort, cancellationToken), cancellationToken);
        await WaitAsync(Blob, () => ConnectAsync(BlobPort, cancellationToken), cancellationToken);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_nodes.Select(node => node.Process.DisposeAsync().AsTask()));
        await Blob.KillAsync();                              // asked to end, Azurite waits for its clients' connections to close; it keeps nothing either way
        await Task.WhenAll(new[] { Topic, Redis, Blob }.Select(process => process.DisposeAsync().AsTask()));
        _http.Dispose();
        if (KeepsFolder) { return; }
        try { Directory.Delete(_folder, recursive: true); }
        catch (IOException) { /* a log is still being written */ }
    }

    private ClusterNode CreateNode(NodeKind kind, int number, ClusterPlan plan, string root, Dictionary<string, string> environment)
    {
        string name = $"{kind.ToString().ToLowerInvariant()}-{number}";
        string project = kind switch { NodeKind.Ingest => "Mirror.IngestNode", NodeKind.Transcode => "Mirror.GpuTranscode", NodeKind.Origin => "Mirror.Origin", _ => "Mirror.Functions" };
        string program = ProgramOf(project, plan, root);
        bool isFirst = number == 1;
        int http = isFirst && kind == NodeKind.Origin && plan.Ports is { } ports ? ports.Http : FreePorts.Take();
        int https = isFirst && kind == NodeKind.Origin && plan.Ports is { } secure ? secure.Https : FreePorts.Take();
        int srt = kind != NodeKind.Ingest ? 0 : isFirst && plan.Ports is { } fixedPorts ? fixedPorts.Srt : FreePorts.Take();
        string folder = Path.Combine(_folder, name);
        string[] arguments =
        [
            "--server.http_port", Text(http), "--server.https_port", Text(https), "--server.https_address", "127.0.0.1", "--cluster.port", Text(FreePorts.Take()), "--cluster.name", name,
            "--server.certificate.directory", Path.Combine(_folder, "certs"), "--store.directory", Path.Combine(folder, "segments"),
            .. srt == 0 ? Array.Empty<string>() : ["--ingestion.srt.port", Text(srt), "--ingestion.srt.address", "127.0.0.1"],
            .. kind != NodeKind.Functions ? Array.Empty<string>() : ["--hooks.dead_letter", Path.Combine(folder, "dead-letter.jsonl")],
            .. plan.Settings,
        ];
        return new ClusterNode(kind, new ClusterProcess(name, _folder, program, arguments, environment), new Uri($"http://127.0.0.1:{http}/"), new Uri($"https://localhost:{https}/"), srt);
    }

    private static string ProgramOf(string project, ClusterPlan plan, string root) => Path.Combine(root, project, "bin", plan.Configuration, "net10.0", project);

    private static async Task WaitAsync(ClusterProcess process, Func<Task<bool>> isReady, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(Patience);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        try
        {
            while (true)
            {
                if (!process.IsRunning) { throw new InvalidOperationException($"{process.Name} ended:\n{process.LastLines()}"); }
                try
                {
                    if (await isReady()) { return; }
                }
                catch (Exception error) when (error is HttpRequestException or SocketException or TaskCanceledException && !patience.IsCancellationRequested) { /* not yet */ }
                await timer.WaitForNextTickAsync(patience.Token);
            }
        }
        catch (OperationCanceledException error) when (!cancellationToken.IsCancellationRequested)
        {
            throw new InvalidOperationException($"{process.Name} was not ready within {Patience.TotalSeconds} s:\n{process.LastLines()}", error);
        }
    }

    private static async Task<bool> ConnectAsync(int port, CancellationToken cancellationToken)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync("127.0.0.1", port, cancellationToken);
        return true;
    }

    private static string Text(int port) => port.ToString(CultureInfo.InvariantCulture);

    /// <summary>The folder with the projects, from that of this program upwards.</summary>
    private static string FindRoot()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Mirror.sln"))) { return folder.FullName; }
        }
        throw new InvalidOperationException("A local cluster is started from a checkout of Mirror: there is no Mirror.sln above this program.");
    }

    private static string FindAzurite(string root)
    {
        string script = Path.Combine(root, "eng", "azurite", "node_modules", "azurite", "dist", "src", "blob", "main.js");
        return File.Exists(script) ? script : throw new InvalidOperationException("Azurite, which stands in for Azure Blob storage, is not installed: make setup");
    }
}
