using System.Text.Json.Serialization;

namespace Mirror.Streams.Recordings;

/// <summary>Recordings as JSON. What a newer version adds to an entry is ignored.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(RecordingEntry))]
[JsonSerializable(typeof(RecordingSummary))]
internal sealed partial class RecordingsJson : JsonSerializerContext;
