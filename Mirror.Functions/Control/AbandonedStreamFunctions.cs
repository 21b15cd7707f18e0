using Microsoft.Azure.Functions.Worker;

namespace Mirror.Functions.Control;

/// <summary>Looks after streams that lost their node.</summary>
internal sealed class AbandonedStreamFunctions(AbandonedStreams streams)
{
    [Function("EndAbandonedStreams")]
    public Task EndAsync([TimerTrigger("*/2 * * * * *")] TimerInfo timer, CancellationToken cancellationToken) => streams.EndAllAsync(cancellationToken);
}
