using System.Text.Json;
using System.Text.Json.Nodes;
using Mirror.Streams.Store;

namespace Mirror.Functions.Hooks;

/// <summary>Keeps what could not be delivered: one object a line, with the event, the webhook, and why.</summary>
internal sealed partial class DeadLetters
{
    public const string QueueFull = "queue_full";
    public const string TooLarge = "too_large";
    public const string Refused = "refused";
    public const string Gone = "gone";
    public const string Disabled = "disabled";
    public const string Expired = "expired";

    private readonly JsonLinesFile? _file;
    private readonly HookCounts _counts;
    private readonly TimeProvider _time;
    private readonly ILogger<DeadLetters> _logger;
    private readonly StorageFaults? _faults;

    public DeadLetters(HooksOptions options, HookCounts counts, TimeProvider time, ILogger<DeadLetters> logger, StorageFaults? faults = null)
    {
        _file = options.DeadLetter.Length > 0 ? new JsonLinesFile(options.DeadLetter, options.DeadLetterSize.Bytes) : null;
        (_counts, _time, _logger, _faults) = (counts, time, logger, faults);
    }

    /// <summary>Writes one; where the file cannot be written, or there is none, it is lost, which is logged.</summary>
    public void Write(Delivery delivery, string reason, int attempts, HookReply? last)
    {
        HookMetrics.Dead.Add(1, HookMetrics.Tag(delivery.HookId), new KeyValuePair<string, object?>("reason", reason));
        _counts.Add(delivery.HookId, new HookFigures { Dead = 1 });
        LogDead(delivery.HookId, delivery.Id, reason, attempts, last?.Error);
        if (_file is null) { return; }
        var letter = new JsonObject
        {
            ["hook"] = delivery.HookId,
            ["delivery"] = delivery.Id,
            ["reason"] = reason,
            ["attempts"] = attempts,
            ["last_status"] = last?.Status,
            ["last_error"] = last?.Error,
            ["received_at"] = delivery.ReceivedAt,
            ["dead_at"] = _time.GetUtcNow().UtcDateTime,
            ["event"] = JsonNode.Parse(delivery.Event.Span),
        };
        try
        {
            _file.Append(JsonSerializer.SerializeToUtf8Bytes(letter));
            _faults?.Succeeded(StorageFaults.DeadLetters);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            LogLost(delivery.Id, error.Message);
            _faults?.Failed(StorageFaults.DeadLetters, error.Message);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Webhook {Hook}: delivery {Delivery} is given up ({Reason}) after {Attempts} attempts: {Error}")]
    private partial void LogDead(string hook, string delivery, string reason, int attempts, string? error);

    [LoggerMessage(Level = LogLevel.Error, Message = "Delivery {Delivery} could not be written to the dead letters: {Reason}")]
    private partial void LogLost(string delivery, string reason);
}
