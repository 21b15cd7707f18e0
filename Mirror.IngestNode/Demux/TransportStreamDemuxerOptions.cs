namespace Mirror.IngestNode.Demux;

/// <summary>Bounds and waiting times of a demuxer. The defaults suit every stream that Mirror is made for; tests shorten them.</summary>
internal sealed record TransportStreamDemuxerOptions
{
    /// <summary>program_number to carry where it is listed; 0 is the first programme with something to carry. Default 0.</summary>
    public int Program { get; init; }

    /// <summary>How long a programme may take to send its map, and then its streams, before the next one is tried. Default 1 s.</summary>
    public TimeSpan ProgramPatience { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Largest access unit and PES packet in bytes; larger ones are dropped. Default 10 MiB.</summary>
    public int LargestUnit { get; init; } = 10 * 1024 * 1024;

    /// <summary>Media time without an IDR picture (or its like) after which weaker random access points are taken. Default 5 s.</summary>
    public TimeSpan RefreshPatience { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Audio that arrives while an announced video track stays silent, before the audio is passed on alone. Default 10 s.</summary>
    public TimeSpan VideoPatience { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>A step of timestamps beyond this starts a new timeline. Default 10 s.</summary>
    public TimeSpan LargestStep { get; init; } = TimeSpan.FromSeconds(10);
}
