using System.Globalization;

namespace Mirror.Streams.Recordings;

/// <summary>Names one recording of one stream.</summary>
/// <param name="StreamId">The stream (<see cref="Streams.StreamId"/>).</param>
/// <param name="Id">The recording; unique within the stream, and by the rule of stream names. A later one sorts behind an earlier one.</param>
public readonly record struct RecordingKey(string StreamId, string Id)
{
    /// <summary>A recording that begins at <paramref name="time"/> (UTC): <c>20260101T120000000Z</c>.</summary>
    public static RecordingKey At(string streamId, DateTime time) => new(streamId, time.ToString("yyyyMMdd'T'HHmmssfff'Z'", CultureInfo.InvariantCulture));

    /// <summary>Whether both names keep to the rule.</summary>
    public bool IsValid => Streams.StreamId.IsValid(StreamId) && Streams.StreamId.IsValid(Id);

    /// <summary>The path of its multivariant playlist.</summary>
    public string PlaylistPath => $"/dvr/{StreamId}/{Id}/playlist.m3u8";

    /// <inheritdoc/>
    public override string ToString() => $"{StreamId}/{Id}";
}
