using Microsoft.Azure.Functions.Worker;

namespace Mirror.Functions.Dvr;

/// <summary>Retention of recordings, twice a minute.</summary>
internal sealed class RetentionFunctions(DvrRetention retention)
{
    [Function("ExpireRecordings")]
    public Task ExpireAsync([TimerTrigger("*/30 * * * * *")] TimerInfo timer, CancellationToken cancellationToken) => retention.RunAsync(cancellationToken);
}
