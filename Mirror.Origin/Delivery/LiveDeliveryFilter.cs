namespace Mirror.Origin.Delivery;

/// <summary>Puts live delivery in front of every other middleware: routing, error pages and the rest cost a part more than serving it.</summary>
internal sealed class LiveDeliveryFilter(LiveDelivery delivery) : IStartupFilter
{
    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        app.Use(following => context => IsLive(context.Request.Path.Value) ? delivery.HandleAsync(context) : following(context));
        next(app);
    };

    // "/live" itself is a health check, and "/live/" nothing of ours.
    private static bool IsLive(string? path) => path is not null && path.Length > LivePath.Prefix.Length && path.StartsWith(LivePath.Prefix, StringComparison.Ordinal);
}
