using System.Text.Json.Serialization;

namespace Mirror.Functions.Hooks;

/// <summary>A webhook as it is kept: who gets which events, and how. <see cref="HookRules"/> says what is allowed.</summary>
/// <remarks>Its properties can be set, since a reader made by the compiler gives those that cannot no default.</remarks>
internal sealed record Hook
{
    /// <summary>Its name: given when it is made.</summary>
    public required string Id { get; set; }

    /// <summary>Where events are posted to.</summary>
    public required string Url { get; set; }

    /// <summary>What requests are signed with; <see langword="null"/> leaves them unsigned. Never shown, never logged.</summary>
    public string? Secret { get; set; }

    /// <summary>Whether it gets events.</summary>
    public bool Enabled { get; set; } = true;

    /// <summary>Why Mirror switched it off.</summary>
    public string? DisabledReason { get; set; }

    /// <summary>Types of events that it wants: <c>stream.started</c>, groups such as <c>stream.*</c>, or <c>*</c>; none stands for all.</summary>
    public IReadOnlyList<string> Events { get; set; } = [];

    /// <summary>Streams whose events it wants: names, or beginnings such as <c>studio-*</c>; none stands for all.</summary>
    public IReadOnlyList<string> Streams { get; set; } = [];

    /// <summary>Extension attributes that every event carries to this receiver.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; set; } = new Dictionary<string, string>();

    /// <summary>Further headers of every request. May hold credentials: their values are never shown, never logged.</summary>
    public IReadOnlyDictionary<string, string> Headers { get; set; } = new Dictionary<string, string>();

    /// <summary>Events in one request at most; above 1, every request holds an array.</summary>
    public int MaxBatch { get; set; } = 1;

    /// <summary>How long an event may wait for others to fill its batch, in milliseconds.</summary>
    public int MaxDelayMs { get; set; }

    /// <summary>When it was made (UTC).</summary>
    public DateTime CreatedAt { get; set; }

    /// <summary>When it was last changed (UTC).</summary>
    public DateTime UpdatedAt { get; set; }

    /// <summary>Whether it wants an event.</summary>
    /// <param name="type">The event's type.</param>
    /// <param name="stream">The stream that it is about; empty where it is about none, which filters by stream leave out.</param>
    public bool Wants(string type, string stream)
        => Enabled && (Events.Count == 0 || Events.Any(wanted => IsMatch(wanted, type))) && (Streams.Count == 0 || Streams.Any(wanted => IsMatch(wanted, stream)));

    /// <summary>Whether a text is a pattern's, or begins as it says where it ends in a star.</summary>
    internal static bool IsMatch(string pattern, string text)
        => pattern.EndsWith('*') ? text.Length > 0 && text.AsSpan().StartsWith(pattern.AsSpan(0, pattern.Length - 1), StringComparison.Ordinal) : pattern == text;
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, RespectNullableAnnotations = true)]
[JsonSerializable(typeof(Hook))]
[JsonSerializable(typeof(HookFigures))]
internal sealed partial class HookDocuments : JsonSerializerContext;
