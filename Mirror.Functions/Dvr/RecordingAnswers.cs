using System.Text.Json.Serialization;
using Mirror.Streams.Recordings;

namespace Mirror.Functions.Dvr;

/// <summary>One recording, as the API tells it.</summary>
/// <param name="Id">The recording's name, unique within its stream.</param>
/// <param name="Stream">The stream.</param>
/// <param name="Status">recording, degraded (it runs but cannot be written) or complete.</param>
/// <param name="StatusReason">Why it is degraded.</param>
/// <param name="StartedAt">Wall-clock time of its first picture or sound (UTC).</param>
/// <param name="EndedAt">Wall-clock time of its end so far (UTC).</param>
/// <param name="DurationSeconds">Media in it, without the gaps.</param>
/// <param name="Bytes">Bytes of all its files.</param>
/// <param name="Playlist">Path of the playlist to play it with.</param>
/// <param name="Node">The node that records it, or did last.</param>
/// <param name="Renditions">Its renditions.</param>
/// <param name="Gaps">Times for which nothing was recorded, the first thousand.</param>
public sealed record RecordingAnswer(string Id, string Stream, string Status, string? StatusReason, DateTime StartedAt, DateTime EndedAt, double DurationSeconds, long Bytes, string Playlist, string? Node,
    IReadOnlyList<RecordedRenditionAnswer> Renditions, IReadOnlyList<RecordingGapAnswer> Gaps)
{
    internal const string Running = "recording";
    internal const string Degraded = "degraded";
    internal const string Complete = "complete";

    internal static RecordingAnswer Of(RecordingSummary summary, string? fault) => new(summary.Id, summary.StreamId, StatusOf(summary, fault),
        summary.IsComplete ? null : fault, summary.StartsAt, summary.EndsAt,
        Math.Round(summary.Duration.TotalSeconds, 3), summary.Bytes, summary.Key.PlaylistPath, summary.Node,
        [.. summary.Renditions.Select(rendition => new RecordedRenditionAnswer(rendition.Name, rendition.Codec, rendition.Resolution, rendition.Segments, rendition.Bytes))],
        [.. summary.Gaps.Select(gap => new RecordingGapAnswer(gap.From, Math.Round(gap.Duration.TotalSeconds, 3)))]);

    internal static string StatusOf(RecordingSummary summary, string? fault) => summary.IsComplete ? Complete : fault is null ? Running : Degraded;
}

/// <summary>One rendition of a recording.</summary>
/// <param name="Name">Its name, such as source, audio or 360p.</param>
/// <param name="Codec">RFC 6381 codec string.</param>
/// <param name="Resolution">WIDTHxHEIGHT; missing for sound.</param>
/// <param name="Segments">Segments that it has.</param>
/// <param name="Bytes">Their bytes.</param>
public sealed record RecordedRenditionAnswer(string Name, string Codec, string? Resolution, int Segments, long Bytes);

/// <summary>A time for which nothing was recorded.</summary>
/// <param name="From">Wall-clock time at which it begins (UTC).</param>
/// <param name="DurationSeconds">How long it is.</param>
public sealed record RecordingGapAnswer(DateTime From, double DurationSeconds);

/// <summary>A page of recordings.</summary>
/// <param name="Recordings">The recordings, the latest first.</param>
/// <param name="Count">How many recordings match, on all pages.</param>
/// <param name="Bytes">Bytes of all that match.</param>
/// <param name="Time">When this was made (UTC).</param>
public sealed record RecordingListAnswer(IReadOnlyList<RecordingAnswer> Recordings, int Count, long Bytes, DateTime Time);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(RecordingListAnswer))]
[JsonSerializable(typeof(RecordingAnswer))]
[JsonSerializable(typeof(Control.MessageAnswer))]
internal sealed partial class DvrJson : JsonSerializerContext;
