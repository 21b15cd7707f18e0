namespace Mirror.Streams.Registry;

/// <summary>Which listeners run, for the control API. Written by the ingest node at its start.</summary>
public sealed class IngestListeners
{
    /// <summary>The UDP port of the SRT listener; 0 while there is none.</summary>
    public int SrtPort { get; set; }

    /// <summary>The UDP port of the RTP listener; 0 while there is none.</summary>
    public int RtpPort { get; set; }
}
