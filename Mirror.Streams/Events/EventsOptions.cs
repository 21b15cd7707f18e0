using System.ComponentModel.DataAnnotations;
using Mirror.Streams.Configuration;

namespace Mirror.Streams.Events;

/// <summary>Where events go: section <c>events</c>.</summary>
public sealed class EventsOptions
{
    /// <summary>Events that may wait for a receiver, each about a kilobyte; further ones are dropped. Default 10,000: hours of ordinary operation.</summary>
    [Range(16, 1_000_000)] public int QueueLength { get; set; } = 10_000;

    /// <summary>File that functions write every event to, one CloudEvent in JSON a line. Default empty: none.</summary>
    [FilePath] public string File { get; set; } = "";

    /// <summary>Size at which that file is put aside for a new one; four older ones are kept. Default 64 MiB, about 60,000 events.</summary>
    [Range(typeof(ByteSize), "64KiB", "16GiB")] public ByteSize FileSize { get; set; } = ByteSize.FromMebibytes(64);

    /// <summary>The Event Grid topic.</summary>
    public EventGridOptions EventGrid { get; set; } = new();
}

/// <summary>The Event Grid topic that events are published to: section <c>events.event_grid</c>.</summary>
public sealed class EventGridOptions : IValidatableObject
{
    /// <summary>The topic's address, such as <c>https://mirror.westeurope-1.eventgrid.azure.net/api/events</c>. Default empty: events stay in the process.</summary>
    public string Endpoint { get; set; } = "";

    /// <summary>The topic's access key. Default empty: the process's Azure identity is used, which needs the role EventGrid Data Sender.</summary>
    [Secret] public string Key { get; set; } = "";

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Endpoint.Length == 0) { yield break; }
        if (!Uri.TryCreate(Endpoint, UriKind.Absolute, out Uri? address) || address.Scheme is not ("http" or "https"))
        {
            yield return new("allowed is the address of a topic, https://…/api/events, or nothing", [nameof(Endpoint)]);
        }
        else if (Key.Length == 0 && address.Scheme != "https")
        {
            yield return new("an Azure identity is only sent over https: give the address with https, or a key", [nameof(Endpoint)]);
        }
    }
}
