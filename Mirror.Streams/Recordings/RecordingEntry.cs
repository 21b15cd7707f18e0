using System.Text.Json.Serialization;
using Mirror.Media.Frames;

namespace Mirror.Streams.Recordings;

/// <summary>One line of a recording's index.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "type", IgnoreUnrecognizedTypeDiscriminators = false)]
[JsonDerivedType(typeof(RecordingOpened), "opened")]
[JsonDerivedType(typeof(InitRecorded), "init")]
[JsonDerivedType(typeof(SegmentRecorded), "segment")]
[JsonDerivedType(typeof(SegmentsRemoved), "removed")]
[JsonDerivedType(typeof(RecordingClosed), "closed")]
public abstract record RecordingEntry;

/// <summary>The recording begins, or goes on with another node.</summary>
/// <param name="Time">When (UTC).</param>
/// <param name="Node">The node that records.</param>
public sealed record RecordingOpened(DateTime Time, string Node) : RecordingEntry;

/// <summary>An initialization segment is in the archive, for the segments of its rendition that follow.</summary>
/// <param name="Rendition">The rendition.</param>
/// <param name="Name">Its name, unique by content.</param>
/// <param name="Length">Its length in bytes.</param>
/// <param name="IsVideo">Video, or else audio.</param>
/// <param name="TargetDuration">EXT-X-TARGETDURATION of the live playlist, in seconds.</param>
/// <param name="Track">The format.</param>
public sealed record InitRecorded(string Rendition, string Name, int Length, bool IsVideo, int TargetDuration, Track Track) : RecordingEntry;

/// <summary>A segment is in the archive, or is missing for good.</summary>
/// <param name="Rendition">The rendition.</param>
/// <param name="Msn">Its media sequence number.</param>
/// <param name="Time">Wall-clock time (UTC) of its first sample's presentation.</param>
/// <param name="Ticks">Its duration in 100 ns.</param>
/// <param name="Length">Its length in bytes; 0 where nothing of it is there, which EXT-X-GAP says.</param>
public sealed record SegmentRecorded(string Rendition, long Msn, DateTime Time, long Ticks, int Length) : RecordingEntry
{
    /// <summary>How much of the duration is missing, in 100 ns: parts that were lost.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] public long MissingTicks { get; init; }

    /// <summary>EXT-X-DISCONTINUITY goes before it, in all renditions.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] public bool StartsDiscontinuity { get; init; }

    /// <summary>It starts with a random access point.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] public bool IsIndependent { get; init; }

    /// <summary>Its duration.</summary>
    [JsonIgnore] public TimeSpan Duration => TimeSpan.FromTicks(Ticks);
}

/// <summary>The oldest segments of all renditions are deleted.</summary>
/// <param name="FirstMsn">The first media sequence number that stays.</param>
public sealed record SegmentsRemoved(long FirstMsn) : RecordingEntry;

/// <summary>The recording is complete. No entry follows.</summary>
/// <param name="Time">When (UTC).</param>
public sealed record RecordingClosed(DateTime Time) : RecordingEntry;
