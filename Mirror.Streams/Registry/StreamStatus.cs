namespace Mirror.Streams.Registry;

/// <summary>What a stream is doing.</summary>
public enum StreamStatus
{
    /// <summary>A publisher is connected; no complete programme was read yet.</summary>
    Connecting,

    /// <summary>Media flows.</summary>
    Active,

    /// <summary>Ingest was paused through the API.</summary>
    Paused,

    /// <summary>The publisher is gone and may come back, is connected but sends nothing usable, or a rendition is missing.</summary>
    Degraded,

    /// <summary>The input cannot be used.</summary>
    Error,

    /// <summary>The stream is over.</summary>
    Ended,
}
