namespace Mirror.Streams.Events;

/// <summary>The types of events: the CloudEvents attribute <c>type</c>.</summary>
public static class EventTypes
{
    /// <summary>A publisher was accepted, and a stream begins.</summary>
    public const string StreamStarted = "stream.started";

    /// <summary>The stream's first media flows.</summary>
    public const string StreamReady = "stream.ready";

    /// <summary>The publisher is connected but sends nothing. The stream's status is degraded, which is told before this.</summary>
    public const string StreamPaused = "stream.paused";

    /// <summary>Media flows again after a pause or an interruption.</summary>
    public const string StreamResumed = "stream.resumed";

    /// <summary>The publisher is gone and may come back, or nothing usable arrives from it: the reason says which.</summary>
    public const string StreamDegraded = "stream.degraded";

    /// <summary>The stream is over.</summary>
    public const string StreamEnded = "stream.ended";

    /// <summary>An encoded rendition is being made.</summary>
    public const string RenditionUp = "rendition.up";

    /// <summary>An encoded rendition is no longer being made.</summary>
    public const string RenditionDown = "rendition.down";

    /// <summary>A recording begins, or goes on on another node.</summary>
    public const string RecordingStarted = "recording.started";

    /// <summary>A recording is complete.</summary>
    public const string RecordingReady = "recording.ready";

    /// <summary>A recording cannot be written: the reason says why. It is tried again.</summary>
    public const string RecordingDegraded = "recording.degraded";

    /// <summary>A recording that could not be written is written again.</summary>
    public const string RecordingResumed = "recording.resumed";

    /// <summary>Storage cannot be written, such as a full disk. Its data is <c>{storage,reason}</c>, without a stream.</summary>
    public const string StorageDegraded = "storage.degraded";

    /// <summary>Storage that could not be written can be written again.</summary>
    public const string StorageRecovered = "storage.recovered";

    /// <summary>A recording was deleted: by retention, or by the API.</summary>
    public const string RecordingExpired = "recording.expired";

    /// <summary>A stream goes on on another node.</summary>
    public const string Failover = "failover";

    /// <summary>A test call of a webhook.</summary>
    public const string Test = "test";

    /// <summary>All of them.</summary>
    public static IReadOnlyList<string> All { get; } = [StreamStarted, StreamReady, StreamPaused, StreamResumed, StreamDegraded, StreamEnded,
        RenditionUp, RenditionDown, RecordingStarted, RecordingReady, RecordingExpired, RecordingDegraded, RecordingResumed,
        StorageDegraded, StorageRecovered, Failover, Test];
}
