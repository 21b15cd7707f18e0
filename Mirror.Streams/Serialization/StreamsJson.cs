using System.Text.Json.Serialization;
using Mirror.Media.Frames;
using Mirror.Streams.Registry;

namespace Mirror.Streams.Serialization;

/// <summary>What nodes tell each other, as JSON. Names and values are those of the types; unknown ones are ignored, so that versions may mix.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, UseStringEnumConverter = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(StreamRecord))]
[JsonSerializable(typeof(StreamCommand))]
[JsonSerializable(typeof(NodeRecord))]
[JsonSerializable(typeof(TranscodeRecord))]
[JsonSerializable(typeof(Track))]
public sealed partial class StreamsJson : JsonSerializerContext;
