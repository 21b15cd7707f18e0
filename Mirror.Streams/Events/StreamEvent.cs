using System.Text.Json.Serialization;
using Azure.Messaging;
using Mirror.Streams.Registry;

namespace Mirror.Streams.Events;

/// <summary>What an event says: the CloudEvents attribute <c>data</c>, as JSON in snake_case. What does not apply is left out.</summary>
public sealed record StreamEvent
{
    /// <summary>The CloudEvents attribute <c>source</c>: Mirror, and the host that it happened on.</summary>
    public static readonly string Source = "/mirror/" + Environment.MachineName;

    /// <summary>The stream.</summary>
    public required string Stream { get; init; }

    /// <summary>The rendition, such as <c>360p</c>.</summary>
    public string? Rendition { get; init; }

    /// <summary>The recording.</summary>
    public string? Recording { get; init; }

    /// <summary>Why, in a sentence.</summary>
    public string? Reason { get; init; }

    /// <summary>How the stream arrives: <c>srt</c> or <c>rtp</c>.</summary>
    public string? Protocol { get; init; }

    /// <summary>The publisher's address and port.</summary>
    public string? SourceAddress { get; init; }

    /// <summary>RFC 6381 codec string of the video.</summary>
    public string? VideoCodec { get; init; }

    /// <summary>RFC 6381 codec string of the audio.</summary>
    public string? AudioCodec { get; init; }

    /// <summary>WIDTHxHEIGHT.</summary>
    public string? Resolution { get; init; }

    /// <summary>The node that it happened on, or that took over.</summary>
    public string? Node { get; init; }

    /// <summary>The node that it happened on before.</summary>
    public string? FormerNode { get; init; }

    /// <summary>Seconds of media of a recording.</summary>
    public double? DurationSeconds { get; init; }

    /// <summary>Bytes of a recording.</summary>
    public long? Bytes { get; init; }

    /// <summary>Path of the playlist to play it with.</summary>
    public string? Playlist { get; init; }

    /// <summary>What a stream's record says.</summary>
    public static StreamEvent Of(StreamRecord record)
    {
        ArgumentNullException.ThrowIfNull(record);
        return new StreamEvent
        {
            Stream = record.Id,
            Protocol = record.Type,
            SourceAddress = record.SourceAddress,
            Reason = record.StatusReason,
            VideoCodec = record.Video?.CodecString,
            AudioCodec = record.Audio?.CodecString,
            Resolution = record.Video is { } video ? $"{video.Width}x{video.Height}" : null,
            Node = record.NodeId,
        };
    }

    /// <summary>Makes the CloudEvent. Its <c>subject</c> is <c>STREAM</c>, <c>STREAM/RENDITION</c> or <c>STREAM/RECORDING</c>.</summary>
    /// <param name="type">One of <see cref="EventTypes"/>.</param>
    /// <param name="time">When it happened.</param>
    public CloudEvent ToCloudEvent(string type, DateTimeOffset time)
        => new(Source, type, BinaryData.FromBytes(System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(this, EventsJson.Default.StreamEvent)), "application/json", CloudEventDataFormat.Json)
        {
            Id = Guid.NewGuid().ToString("N"),
            Time = time,
            Subject = (Rendition ?? Recording) is { } part ? $"{Stream}/{part}" : Stream,
        };

    /// <summary>The stream that an event is about: its subject up to the first slash; empty where it has none.</summary>
    public static string StreamOf(CloudEvent happened)
    {
        ArgumentNullException.ThrowIfNull(happened);
        string subject = happened.Subject ?? "";
        int slash = subject.IndexOf('/');
        return slash < 0 ? subject : subject[..slash];
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(StreamEvent))]
internal sealed partial class EventsJson : JsonSerializerContext;
