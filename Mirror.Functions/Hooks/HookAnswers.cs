using System.Text.Json.Serialization;

namespace Mirror.Functions.Hooks;

/// <summary>A webhook to make, or what one is to become.</summary>
/// <param name="Url">Where events are posted to: http:// or https://.</param>
/// <param name="Secret">What requests are signed with, 16 to 256 ASCII characters; never shown again. Missing: unsigned, or as before; empty: unsigned.</param>
/// <param name="Enabled">Whether it gets events; by default it does.</param>
/// <param name="Events">Types of events: stream.started, groups such as stream.*, or *; by default all.</param>
/// <param name="Streams">Streams: names, or beginnings such as studio-*; by default all.</param>
/// <param name="Metadata">Extension attributes that every event carries: names of small letters and digits.</param>
/// <param name="Headers">Further headers of every request; their values are never shown again. Missing: as before.</param>
/// <param name="MaxBatch">Events in one request at most, 1 to 100; by default 1. Above 1, every request holds an array.</param>
/// <param name="MaxDelayMs">How long an event may wait for others to fill its batch, 0 to 60000 milliseconds; by default 0.</param>
public sealed record HookRequest(string? Url, string? Secret, bool? Enabled, IReadOnlyList<string>? Events, IReadOnlyList<string>? Streams, IReadOnlyDictionary<string, string>? Metadata,
    IReadOnlyDictionary<string, string>? Headers, int? MaxBatch, int? MaxDelayMs)
{
    /// <summary>Its fields, for messages.</summary>
    internal const string Fields = "url, secret, enabled, events, streams, metadata, headers, max_batch, max_delay_ms";

    /// <summary>The webhook that this makes, or makes of another.</summary>
    internal Hook Over(Hook? before, string id, DateTime now) => new()
    {
        Id = id,
        Url = Url ?? "",
        Secret = Secret is null ? before?.Secret : Secret.Length == 0 ? null : Secret,
        Enabled = Enabled ?? true,
        Events = Events ?? [],
        Streams = Streams ?? [],
        Metadata = Metadata ?? new Dictionary<string, string>(),
        Headers = Headers ?? before?.Headers ?? new Dictionary<string, string>(),
        MaxBatch = MaxBatch ?? 1,
        MaxDelayMs = MaxDelayMs ?? 0,
        CreatedAt = before?.CreatedAt ?? now,
        UpdatedAt = now,
    };
}

/// <summary>A webhook, as the API tells it: without its secret and the values of its headers.</summary>
/// <param name="Id">Its name.</param>
/// <param name="Url">Where events are posted to.</param>
/// <param name="Enabled">Whether it gets events.</param>
/// <param name="DisabledReason">Why Mirror switched it off.</param>
/// <param name="Signed">Whether requests are signed.</param>
/// <param name="Events">Types of events that it wants; none stands for all.</param>
/// <param name="Streams">Streams that it wants; none stands for all.</param>
/// <param name="Metadata">Extension attributes that every event carries.</param>
/// <param name="HeaderNames">Further headers of every request.</param>
/// <param name="MaxBatch">Events in one request at most.</param>
/// <param name="MaxDelayMs">How long an event may wait for others, in milliseconds.</param>
/// <param name="CreatedAt">When it was made (UTC).</param>
/// <param name="UpdatedAt">When it was last changed (UTC).</param>
/// <param name="Deliveries">How its deliveries are doing.</param>
public sealed record HookAnswer(string Id, string Url, bool Enabled, string? DisabledReason, bool Signed, IReadOnlyList<string> Events, IReadOnlyList<string> Streams,
    IReadOnlyDictionary<string, string> Metadata, IReadOnlyList<string> HeaderNames, int MaxBatch, int MaxDelayMs, DateTime CreatedAt, DateTime UpdatedAt, HookDeliveriesAnswer Deliveries)
{
    internal static HookAnswer Of(Hook hook, HookFigures figures, int waiting) => new(hook.Id, hook.Url, hook.Enabled, hook.DisabledReason, hook.Secret is not null, hook.Events, hook.Streams,
        hook.Metadata, [.. hook.Headers.Keys.Order(StringComparer.Ordinal)], hook.MaxBatch, hook.MaxDelayMs, hook.CreatedAt, hook.UpdatedAt, HookDeliveriesAnswer.Of(figures, waiting));
}

/// <summary>How a webhook's deliveries are doing, over all nodes; of other nodes, some seconds ago.</summary>
/// <param name="Delivered">Events that the receiver took.</param>
/// <param name="Failed">Attempts that failed.</param>
/// <param name="Waiting">Events that wait now.</param>
/// <param name="Dead">Events given up, which are dead letters.</param>
/// <param name="Dropped">Those of them that found the queue full.</param>
/// <param name="LastStatus">HTTP status of the last attempt; 0 where no answer came.</param>
/// <param name="LastAttemptAt">When that was (UTC).</param>
/// <param name="LastError">What went wrong at the last attempt that failed.</param>
/// <param name="LastErrorAt">When that was (UTC).</param>
public sealed record HookDeliveriesAnswer(long Delivered, long Failed, int Waiting, long Dead, long Dropped, int? LastStatus, DateTime? LastAttemptAt, string? LastError, DateTime? LastErrorAt)
{
    internal static HookDeliveriesAnswer Of(HookFigures figures, int waiting) => new(figures.Delivered, figures.Failed, waiting, figures.Dead, figures.Dropped,
        figures.LastStatus, figures.LastAttemptAt, figures.LastError, figures.LastErrorAt);
}

/// <summary>All webhooks.</summary>
/// <param name="Hooks">The webhooks, from the oldest.</param>
/// <param name="Count">How many there are.</param>
/// <param name="Time">When this was made (UTC).</param>
public sealed record HookListAnswer(IReadOnlyList<HookAnswer> Hooks, int Count, DateTime Time);

/// <summary>What a receiver made of a test event.</summary>
/// <param name="Delivered">It took the event: it answered 200 to 299.</param>
/// <param name="Status">HTTP status of its answer; 0 where none came.</param>
/// <param name="Error">What went wrong.</param>
/// <param name="Body">The first kilobyte of its answer.</param>
/// <param name="DurationMs">How long it took, in milliseconds.</param>
/// <param name="Delivery">What the request was called: its header Mirror-Delivery.</param>
public sealed record HookTestAnswer(bool Delivered, int Status, string? Error, string? Body, double DurationMs, string Delivery);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(HookRequest))]
[JsonSerializable(typeof(HookAnswer))]
[JsonSerializable(typeof(HookListAnswer))]
[JsonSerializable(typeof(HookTestAnswer))]
internal sealed partial class HookJson : JsonSerializerContext;
