using System.ComponentModel.DataAnnotations;

namespace Mirror.IngestNode.Demux;

/// <summary>What is carried of a transport stream: section <c>ingestion.mpegts</c>.</summary>
internal sealed class MpegTsOptions
{
    /// <summary>program_number to carry of streams that list it; 0 is the first programme with something to carry. Default 0.</summary>
    [Range(0, 65535)] public int Program { get; set; }
}
