namespace Mirror.LocalCluster;

/// <summary>What a node does.</summary>
public enum NodeKind
{
    /// <summary>Mirror.IngestNode.</summary>
    Ingest,

    /// <summary>Mirror.GpuTranscode.</summary>
    Transcode,

    /// <summary>Mirror.Origin.</summary>
    Origin,

    /// <summary>Mirror.Functions.</summary>
    Functions,
}

/// <summary>One node: a process, and where it is reached.</summary>
/// <param name="Kind">What it does.</param>
/// <param name="Process">Its process.</param>
/// <param name="Http">Plain HTTP, for the programs of this machine.</param>
/// <param name="Https">HTTPS with HTTP/2.</param>
/// <param name="SrtPort">UDP port of an ingest node's SRT listener; otherwise 0.</param>
public sealed record ClusterNode(NodeKind Kind, ClusterProcess Process, Uri Http, Uri Https, int SrtPort)
{
    /// <summary>Its name, such as <c>transcode-2</c>.</summary>
    public string Name => Process.Name;
}
