using Mirror.Streams.Transcoding;

namespace Mirror.Streams.Registry;

/// <summary>Which node this process is.</summary>
/// <param name="Id">Unique, new at every start: a name and a random part.</param>
/// <param name="Address">Base address at which other nodes reach it, such as <c>http://10.0.0.7:8081</c>; <see langword="null"/> in a single process.</param>
public sealed record NodeIdentity(string Id, Uri? Address)
{
    /// <summary>A new identity.</summary>
    public static NodeIdentity Create(string name, Uri? address) => new($"{name}-{Guid.NewGuid().ToString("N")[..8]}", address);
}

/// <summary>What every node may know of another: one immutable snapshot, replaced by that node about once a second and gone soon after the last.</summary>
public sealed record NodeRecord
{
    /// <summary>The node.</summary>
    public required string Id { get; init; }

    /// <summary>What it does: any of <c>ingest</c>, <c>transcode</c>, <c>origin</c>, <c>functions</c>.</summary>
    public required IReadOnlyList<string> Roles { get; init; }

    /// <summary>Base address at which other nodes reach it.</summary>
    public required Uri Address { get; init; }

    /// <summary>When it started (UTC).</summary>
    public required DateTime StartedAt { get; init; }

    /// <summary>When it last wrote this record (UTC).</summary>
    public required DateTime LastHeartbeat { get; init; }

    /// <summary>The UDP port of its SRT listener; 0 where there is none.</summary>
    public int SrtPort { get; init; }

    /// <summary>Streams that it ingests or transcodes.</summary>
    public int Streams { get; init; }

    /// <summary>Processor cores that the renditions of further streams may take; all of them while it transcodes none, zero while a stream leaves out frames.</summary>
    public double FreeCores { get; init; }

    /// <summary>What its transcoder can do; <see langword="null"/> where there is none, or it is not known yet.</summary>
    public TranscodeCapabilities? Transcoder { get; init; }
}

/// <summary>Who transcodes a stream, and how that is going; written about once a second by the node that holds the stream's transcode lease.</summary>
/// <param name="StreamId">The stream.</param>
/// <param name="NodeId">The node.</param>
/// <param name="Address">Its base address, which answers for the stream's pictures.</param>
/// <param name="State">How its encoded renditions are doing; <see langword="null"/> where nothing is encoded.</param>
public sealed record TranscodeRecord(string StreamId, string NodeId, Uri Address, TranscodeState? State);
