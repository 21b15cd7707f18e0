namespace Mirror.LocalCluster;

/// <summary>What a local cluster consists of.</summary>
public sealed record ClusterPlan
{
    /// <summary>Nodes of each kind. Default 2.</summary>
    public int NodesOfEachKind { get; init; } = 2;

    /// <summary>Which kinds; by default all.</summary>
    public IReadOnlyList<NodeKind> Kinds { get; init; } = Enum.GetValues<NodeKind>();

    /// <summary>The program that keeps the shared state: <c>redis-server</c> or <c>garnet-server</c>.</summary>
    public string Redis { get; init; } = "redis-server";

    /// <summary>Which build of the nodes: <c>Release</c> or <c>Debug</c>.</summary>
    public string Configuration { get; init; } = "Release";

    /// <summary>Further words for every node's command line.</summary>
    public IReadOnlyList<string> Settings { get; init; } = [];

    /// <summary>Fixed ports for the first ingest node's SRT and the first origin's HTTP and HTTPS; otherwise free ones are taken.</summary>
    public (int Srt, int Http, int Https)? Ports { get; init; }
}
