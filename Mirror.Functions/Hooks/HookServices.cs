using Polly;

namespace Mirror.Functions.Hooks;

/// <summary>What every queue of webhooks works with.</summary>
internal sealed partial class HookServices(HooksOptions options, HookStore store, HookClient client, WaitingDeliveries waiting, HookCounts counts, DeadLetters deadLetters, TimeProvider time, ILogger<HookServices> logger)
{
    public HooksOptions Options => options;

    public HookStore Store => store;

    public HookClient Client => client;

    public WaitingDeliveries Waiting => waiting;

    public HookCounts Counts => counts;

    public DeadLetters DeadLetters => deadLetters;

    public TimeProvider Time => time;

    public ResiliencePipeline<HookReply> Retries { get; } = HookRetries.Create(options.RetryTime, time);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Webhook {Hook}: the receiver fails, and its events wait: {Reason}")]
    public partial void LogFailing(string hook, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "Webhook {Hook}: a delivery failed here, and is tried again soon")]
    public partial void LogFault(string hook, Exception error);

    [LoggerMessage(Level = LogLevel.Information, Message = "Webhook {Hook}: the receiver takes events again")]
    public partial void LogBack(string hook);
}
