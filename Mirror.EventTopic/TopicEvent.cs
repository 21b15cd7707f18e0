using System.Text.Json;

namespace Mirror.EventTopic;

/// <summary>One CloudEvent as it was published.</summary>
/// <param name="Id">Attribute <c>id</c>.</param>
/// <param name="Type">Attribute <c>type</c>.</param>
/// <param name="Subject">Attribute <c>subject</c>; empty where there is none.</param>
/// <param name="Json">The whole event in JSON, which is delivered unchanged.</param>
internal sealed record TopicEvent(string Id, string Type, string Subject, byte[] Json)
{
    public const string SingleType = "application/cloudevents+json";
    public const string BatchType = "application/cloudevents-batch+json";
    private const int MostInBatch = 5000;
    private const int DeepestData = 64;

    /// <summary>Reads a body of CloudEvents 1.0 in the JSON format: one event, or an array of them.</summary>
    /// <returns>The events; none and the fault in a sentence if any of them is wrong: a batch is taken as a whole or not at all.</returns>
    public static (IReadOnlyList<TopicEvent> Events, string? Fault) Parse(ReadOnlyMemory<byte> body, bool isBatch)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(body, new JsonDocumentOptions { MaxDepth = DeepestData });
            JsonElement root = document.RootElement;
            if (!isBatch) { return Read(root, out TopicEvent? single) is { } fault ? ([], fault) : ([single!], null); }
            if (root.ValueKind != JsonValueKind.Array || root.GetArrayLength() is 0 or > MostInBatch) { return ([], $"A batch is a JSON array of 1 to {MostInBatch} events."); }
            var events = new List<TopicEvent>(root.GetArrayLength());
            foreach (JsonElement element in root.EnumerateArray())
            {
                if (Read(element, out TopicEvent? happened) is { } fault) { return ([], $"Event {events.Count}: {fault}"); }
                events.Add(happened!);
            }
            return (events, null);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException) { return ([], "The body is no JSON."); }   // the latter: a string with half a surrogate pair
    }

    private static string? Read(JsonElement element, out TopicEvent? happened)
    {
        happened = null;
        if (element.ValueKind != JsonValueKind.Object) { return "an event is a JSON object."; }
        if (TextOf(element, "specversion") != "1.0") { return "specversion must be 1.0."; }
        foreach (string required in (ReadOnlySpan<string>)["id", "source", "type"])
        {
            if (string.IsNullOrEmpty(TextOf(element, required))) { return $"{required} must be a text, and not empty."; }
        }
        if (element.TryGetProperty("time", out JsonElement time) && (time.ValueKind != JsonValueKind.String || !time.TryGetDateTimeOffset(out _))) { return "time must be a date and time of RFC 3339."; }
        if (element.TryGetProperty("subject", out JsonElement subject) && string.IsNullOrEmpty(TextOf(subject))) { return "subject must be a text, and not empty."; }
        if (element.TryGetProperty("data", out _) && element.TryGetProperty("data_base64", out _)) { return "data and data_base64 exclude each other."; }
        foreach (JsonProperty property in element.EnumerateObject())
        {
            if (property.Name is not "data_base64" && (property.Name.Length == 0 || !property.Name.All(letter => char.IsAsciiLetterLower(letter) || char.IsAsciiDigit(letter))))
            {
                return "names of attributes have lower-case letters and digits.";
            }
        }
        happened = new TopicEvent(TextOf(element, "id")!, TextOf(element, "type")!, TextOf(element, "subject") ?? "", System.Text.Encoding.UTF8.GetBytes(element.GetRawText()));
        return null;
    }

    private static string? TextOf(JsonElement element, string name) => element.TryGetProperty(name, out JsonElement value) ? TextOf(value) : null;

    private static string? TextOf(JsonElement value) => value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
