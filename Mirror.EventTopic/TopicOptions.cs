using System.ComponentModel.DataAnnotations;
using Mirror.Streams.Configuration;

namespace Mirror.EventTopic;

/// <summary>The local Event Grid topic: section <c>event_topic</c>.</summary>
internal sealed class TopicOptions : IValidatableObject
{
    /// <summary>The access key that publishers send as <c>aeg-sas-key</c>. Default empty: a key is made at each start, and logged nowhere, so nobody can publish.</summary>
    [Secret] public string Key { get; set; } = "";

    /// <summary>Webhooks to subscribe from the start, separated by spaces; those joined by <c>|</c> are one subscription that any of them may serve. Default none.</summary>
    public string Subscribers { get; set; } = "";

    /// <summary>Folder of the subscriptions made through the API. Default <c>.mirror/event-topic</c>.</summary>
    [FilePath, Required] public string Directory { get; set; } = ".mirror/event-topic";

    /// <summary>File for events that could not be delivered, one JSON object a line. Default <c>.mirror/event-topic/dead-letter.jsonl</c>; empty drops them.</summary>
    [FilePath] public string DeadLetter { get; set; } = ".mirror/event-topic/dead-letter.jsonl";

    /// <summary>How long after the last attempt an event is written there. Default 5 min, as Event Grid does.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "01:00:00")] public TimeSpan DeadLetterDelay { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>Attempts to deliver an event at most. Default 30, as Event Grid does.</summary>
    [Range(1, 30)] public int MaxAttempts { get; set; } = 30;

    /// <summary>How long an event is worth delivering. Default one day, as Event Grid does.</summary>
    [Range(typeof(TimeSpan), "00:01:00", "1.00:00:00")] public TimeSpan TimeToLive { get; set; } = TimeSpan.FromDays(1);

    /// <summary>Share of Event Grid's waits between attempts (10 s, 30 s, 1 min, 5 min, 10 min, 30 min, 1 h…). Default 1; less for development.</summary>
    [Range(0.001, 1.0)] public double RetryFactor { get; set; } = 1;

    /// <summary>How long a webhook may take to answer. Default 30 s, as Event Grid allows.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:00:30")] public TimeSpan ResponseTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Events that may wait for one subscription; further ones are dropped and counted. Default 100,000, about 100 MB.</summary>
    [Range(100, 10_000_000)] public int MaxWaiting { get; set; } = 100_000;

    /// <summary>The webhooks of <see cref="Subscribers"/>: a list for each subscription.</summary>
    public IReadOnlyList<IReadOnlyList<string>> SubscriberList()
        => [.. Subscribers.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(urls => urls.Split('|', StringSplitOptions.RemoveEmptyEntries))];

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (SubscriberList().Any(urls => urls.Count == 0 || urls.Any(url => !Subscription.IsWebhook(url))))
        {
            yield return new("allowed are addresses that start with http:// or https://, separated by spaces, or by | within one subscription", [nameof(Subscribers)]);
        }
    }
}
