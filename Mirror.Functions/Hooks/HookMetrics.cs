using System.Diagnostics.Metrics;

namespace Mirror.Functions.Hooks;

/// <summary>The instruments of webhooks.</summary>
internal static class HookMetrics
{
    private static readonly Meter Meter = new("Mirror.Functions");

    /// <summary>Events that receivers took.</summary>
    public static readonly Counter<long> Delivered = Meter.CreateCounter<long>("mirror.hooks.delivered", "{event}", "Events that receivers took, by webhook");

    /// <summary>Attempts that failed and are repeated.</summary>
    public static readonly Counter<long> Retried = Meter.CreateCounter<long>("mirror.hooks.retried", "{attempt}", "Attempts that failed and are repeated, by webhook and status");

    /// <summary>Events lost to a full queue, or to an event file that cannot be written.</summary>
    public static readonly Counter<long> Dropped = Meter.CreateCounter<long>("mirror.hooks.dropped", "{event}", "Events lost to a full queue, or to an event file that cannot be written");

    /// <summary>Events given up.</summary>
    public static readonly Counter<long> Dead = Meter.CreateCounter<long>("mirror.hooks.dead", "{event}", "Events given up, by webhook and reason");

    /// <summary>Events that wait at this node.</summary>
    public static readonly UpDownCounter<long> Waiting = Meter.CreateUpDownCounter<long>("mirror.hooks.waiting", "{event}", "Events that wait at this node, by webhook");

    /// <summary>The tag that names a webhook.</summary>
    public static KeyValuePair<string, object?> Tag(string hookId) => new("hook", hookId);
}
