using Mirror.Streams.Events;
using Mirror.Streams.Recordings;
using Mirror.Streams.Registry;
using Mirror.Streams.Store;

namespace Mirror.Functions.Dvr;

/// <summary>What the recorders of all streams work with.</summary>
internal sealed record RecorderServices(ISegmentStore Store, IRecordingArchive Archive, RecordingCatalog Catalog, ILeases Leases, IEvents Events, NodeIdentity Node, DvrOptions Options, TimeProvider Time,
    RecordingFaults Faults);

/// <summary>What became of a recorder's pass.</summary>
internal enum RecorderState
{
    /// <summary>Another node records the stream.</summary>
    Standby,

    /// <summary>The stream is recorded, or will be as soon as it has something.</summary>
    Recording,

    /// <summary>The stream is recorded, and more waits: the pass ended where it did to hold the lease.</summary>
    Behind,

    /// <summary>The stream is over, or not to be recorded; a recording that there was is complete.</summary>
    Done,
}
