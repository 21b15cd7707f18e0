using System.Text.Json.Nodes;

namespace Mirror.EventTopic;

/// <summary>Keeps what could not be delivered: one event a line, with the attributes that Event Grid adds to it.</summary>
internal sealed partial class DeadLetter(TopicOptions options, TimeProvider time, ILogger<DeadLetter> logger)
{
    public const string TooManyAttempts = "MaxDeliveryAttemptsExceeded";
    public const string TooOld = "TimeToLiveExceeded";
    private readonly Lock _lock = new();

    /// <summary>The reason for an event that a webhook refused for good.</summary>
    public static string Refused(int status) => status == 413 ? "UndeliverableDueToHttpRequestEntityTooLarge" : "UndeliverableDueToHttpBadRequest";

    /// <summary>Writes one; where the file cannot be written, or there is none, it is lost, which is logged.</summary>
    public void Write(Subscription subscription, TopicEvent happened, string reason, int attempts, int status, DateTimeOffset published)
    {
        TopicMetrics.DeadLettered.Add(1, new KeyValuePair<string, object?>("reason", reason));
        LogUndeliverable(subscription.Name, happened.Type, happened.Id, reason, attempts, status);
        if (options.DeadLetter.Length == 0) { return; }
        JsonObject letter = JsonNode.Parse(happened.Json)!.AsObject();
        letter["deadletterreason"] = reason;
        letter["deliveryattempts"] = attempts;
        letter["deliveryresult"] = status == 0 ? "TimedOut" : $"Http{status}";
        letter["publishtime"] = published;
        letter["lastdeliveryattempttime"] = time.GetUtcNow();
        letter["subscription"] = subscription.Name;
        try
        {
            lock (_lock)
            {
                Directory.CreateDirectory(Path.GetDirectoryName(options.DeadLetter)!);
                File.AppendAllText(options.DeadLetter, letter.ToJsonString() + "\n");
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException) { LogLost(happened.Id, error.Message); }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Subscription}: event {Type} {Id} is undeliverable ({Reason}) after {Attempts} attempts, the last answered {Status}")]
    private partial void LogUndeliverable(string subscription, string type, string id, string reason, int attempts, int status);

    [LoggerMessage(Level = LogLevel.Error, Message = "Event {Id} could not be written to the dead letters: {Reason}")]
    private partial void LogLost(string id, string reason);
}
