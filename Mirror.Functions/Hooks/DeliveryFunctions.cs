using Azure.Messaging;
using Microsoft.Azure.Functions.Worker;

namespace Mirror.Functions.Hooks;

/// <summary>What happens to events that come here, and to those that a node left behind.</summary>
internal sealed class DeliveryFunctions(HookDeliveries deliveries, EventFile file)
{
    /// <summary>Takes an event for the webhooks that want it, and for the event file. The topic sends one again that could not be taken.</summary>
    [Function("DeliverWebhooks")]
    public async Task DeliverAsync([EventGridTrigger] CloudEvent happened, CancellationToken cancellationToken)
    {
        await deliveries.OfferAsync(happened, cancellationToken);
        file.Write(happened);
    }

    /// <summary>Goes on with what waited at nodes that are no more.</summary>
    [Function("AdoptDeliveries")]
    public Task AdoptAsync([TimerTrigger("*/5 * * * * *")] TimerInfo timer, CancellationToken cancellationToken) => deliveries.AdoptOrphansAsync(cancellationToken);
}
