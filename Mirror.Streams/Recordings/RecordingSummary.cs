namespace Mirror.Streams.Recordings;

/// <summary>A recording in short, as lists show it.</summary>
/// <param name="StreamId">The stream.</param>
/// <param name="Id">The recording.</param>
/// <param name="StartsAt">Wall-clock time (UTC) of its first sample; when it was begun, before there is one.</param>
/// <param name="EndsAt">Wall-clock time (UTC) of its end so far.</param>
/// <param name="IsComplete">Nothing will be added.</param>
/// <param name="Duration">Media in it, without the gaps.</param>
/// <param name="Bytes">Bytes of all its files.</param>
/// <param name="Node">The node that records it, or did last.</param>
/// <param name="LastMsn">Media sequence number of its last segment; -1 where it has none.</param>
/// <param name="Renditions">Its renditions.</param>
/// <param name="Gaps">The times for which nothing was recorded, the first <see cref="MostGaps"/>.</param>
public sealed record RecordingSummary(string StreamId, string Id, DateTime StartsAt, DateTime EndsAt, bool IsComplete, TimeSpan Duration, long Bytes, string? Node, long LastMsn,
    IReadOnlyList<RenditionSummary> Renditions, IReadOnlyList<RecordingGap> Gaps)
{
    /// <summary>Gaps that a summary lists.</summary>
    public const int MostGaps = 1000;

    /// <summary>The recording.</summary>
    [System.Text.Json.Serialization.JsonIgnore] public RecordingKey Key => new(StreamId, Id);

    /// <summary>The bytes of <see cref="RecordedFileName.Summary"/>.</summary>
    public byte[] ToJson() => System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(this, RecordingsJson.Default.RecordingSummary);

    /// <summary>Sums up an index.</summary>
    public static RecordingSummary Of(RecordingKey key, RecordingIndex index)
    {
        ArgumentNullException.ThrowIfNull(index);
        IReadOnlyList<RecordedSegment> timeline = RecordingTimeline.Of(index);
        DateTime start = timeline.Count > 0 ? timeline[0].Time : index.OpenedAt ?? default;
        var duration = TimeSpan.FromTicks(timeline.Sum(segment => segment.IsGap ? 0 : (segment.Duration - segment.Missing).Ticks));
        return new RecordingSummary(key.StreamId, key.Id, start, index.EndsAt, index.IsComplete, duration, index.Bytes, index.Node, index.LastMsn,
            [.. index.Renditions.Select(RenditionSummary.Of)], [.. index.FindGaps().Take(MostGaps)]);
    }
}

/// <summary>A rendition in short.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Codec">RFC 6381 codec string of its first format.</param>
/// <param name="Resolution">WIDTHxHEIGHT; <see langword="null"/> for audio.</param>
/// <param name="Segments">Segments that are there.</param>
/// <param name="Bytes">Their bytes.</param>
public sealed record RenditionSummary(string Name, string Codec, string? Resolution, int Segments, long Bytes)
{
    internal static RenditionSummary Of(RecordedRendition rendition)
        => new(rendition.Name, rendition.Track.CodecString, rendition.Track is Mirror.Media.Frames.VideoTrack video ? $"{video.Width}x{video.Height}" : null,
            rendition.Segments.Count(segment => !segment.IsGap), rendition.Bytes);
}
