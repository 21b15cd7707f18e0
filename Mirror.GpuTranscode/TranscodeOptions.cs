using System.ComponentModel.DataAnnotations;
using Mirror.GpuTranscode.Workers;
using Mirror.Streams.Configuration;

namespace Mirror.GpuTranscode;

/// <summary>How renditions are encoded, and what that may cost: section <c>transcode</c>.</summary>
internal sealed class TranscodeOptions
{
    /// <summary>Whether to encode renditions beside the source. Default true.</summary>
    public bool Enabled { get; set; } = true;

    /// <summary>The ladder file, such as <c>configs/ladder.yaml</c>. Default empty: 360p alone.</summary>
    [FilePath] public string Ladder { get; set; } = "";

    /// <summary>Whether to use a GPU where one is found. Default true.</summary>
    public bool GpuEnabled { get; set; } = true;

    /// <summary>Renditions that one GPU may encode at a time; the CPU encodes those of further streams. Default 0: no limit but the driver's.</summary>
    [Range(0, 1000)] public int GpuSessions { get; set; }

    /// <summary>
    /// Memory that stays free on each GPU: a further stream goes to another, or to the CPU, where less is left. Default 256 MiB, about what one
    /// stream of 1080p takes.
    /// </summary>
    [Range(typeof(ByteSize), "0", "1TiB")] public ByteSize GpuMemoryReserve { get; set; } = new(256L * 1024 * 1024);

    /// <summary>Whether the CPU does what a GPU was meant to and cannot; otherwise those renditions are missing. Default true.</summary>
    public bool AllowSoftwareFallback { get; set; } = true;

    /// <summary>Threads of each decoder and encoder. Default 0: Mirror chooses from the picture's size and the number of cores.</summary>
    [Range(0, 64)] public int Threads { get; set; }

    /// <summary>
    /// Share of the cores that transcoding may use before further streams are refused their renditions. Default 0.9, which leaves room for
    /// ingest, packaging and delivery. Streams of a node that was lost may take it to twice that, since viewers watch their renditions.
    /// </summary>
    [Range(0.05, 16.0)]
    public double CpuBudget { get; set; } = 0.9;

    /// <summary>
    /// How late a frame may be decoded before some are left out to keep up with live. Default 250 ms, which players bridge. A longer one suits
    /// machines that are busy for moments at a time and viewers who would rather see every frame late.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00.050", "00:10:00")] public TimeSpan MaxLag { get; set; } = LagController.DefaultMaxLag;

    /// <summary>How long a rendition may take to begin before its stream is offered without it; it begins anew once its frames come. 1s-10m. Default 5s.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:10:00")] public TimeSpan StartTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Streams that this node takes at most, where several share them. Default 0: no limit but what it can encode.</summary>
    [Range(0, 1000)] public int MaxStreams { get; set; }

    /// <summary>Resident memory of one worker process above which it is replaced. Default 1 GiB, several times what a ladder from 1080p takes.</summary>
    [Range(typeof(ByteSize), "128MiB", "1TiB")] public ByteSize WorkerMemory { get; set; } = new(1024L * 1024 * 1024);
}
