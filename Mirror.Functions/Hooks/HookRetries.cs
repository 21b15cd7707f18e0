using Polly;
using Polly.Retry;

namespace Mirror.Functions.Hooks;

/// <summary>When a request is repeated: after a second, then twice as long each time up to ten minutes, with jitter; or when the receiver says (<c>Retry-After</c>).</summary>
internal static class HookRetries
{
    private static readonly TimeSpan FirstDelay = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestDelay = TimeSpan.FromMinutes(10);
    private static readonly ResiliencePropertyKey<Sending> SendingKey = new("sending");

    /// <summary>Makes the pipeline that all requests go through.</summary>
    /// <param name="retryTime">How long an event is worth trying again.</param>
    /// <param name="time">The clock.</param>
    public static ResiliencePipeline<HookReply> Create(TimeSpan retryTime, TimeProvider time) => new ResiliencePipelineBuilder<HookReply> { TimeProvider = time }
        .AddRetry(new RetryStrategyOptions<HookReply>
        {
            MaxRetryAttempts = int.MaxValue,
            BackoffType = DelayBackoffType.Exponential,
            UseJitter = true,
            Delay = FirstDelay,
            MaxDelay = LongestDelay,
            ShouldHandle = attempt => ValueTask.FromResult(attempt.Outcome.Result is { IsWorthRepeating: true }
                && time.GetUtcNow().UtcDateTime - SendingOf(attempt.Context).Batch[0].ReceivedAt < retryTime),
            DelayGenerator = attempt => ValueTask.FromResult(attempt.Outcome.Result!.RetryAfter),
            OnRetry = attempt =>
            {
                SendingOf(attempt.Context).OnRetry(attempt.Outcome.Result!);
                return ValueTask.CompletedTask;
            },
        })
        .Build();

    /// <summary>Sends until that succeeds, or is not worth repeating any more.</summary>
    public static async Task<HookReply> RunAsync(ResiliencePipeline<HookReply> pipeline, Sending sending, Func<Task<HookReply>> attempt, CancellationToken cancellationToken)
    {
        ResilienceContext context = ResilienceContextPool.Shared.Get(cancellationToken);
        context.Properties.Set(SendingKey, sending);
        try { return await pipeline.ExecuteAsync(static async (_, attempt) => await attempt(), context, attempt); }
        finally { ResilienceContextPool.Shared.Return(context); }
    }

    private static Sending SendingOf(ResilienceContext context) => context.Properties.GetValue(SendingKey, null!);
}
