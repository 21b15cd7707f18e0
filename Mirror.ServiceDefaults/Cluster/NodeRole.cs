using Mirror.Streams.Registry;

namespace Mirror.ServiceDefaults.Cluster;

/// <summary>One of the things that this process does, and what its record says of it.</summary>
/// <param name="Name">ingest, transcode, origin or functions.</param>
/// <param name="Describe">Adds this role's figures to the record.</param>
public sealed record NodeRole(string Name, Func<IServiceProvider, NodeRecord, NodeRecord> Describe);
