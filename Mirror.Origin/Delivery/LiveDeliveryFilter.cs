namespace Mirror.Origin.Delivery;

/// <summary>Puts live delivery in front of every other middleware: routing, error pages and the rest cost a part more than serving it.</summary>
internal sealed partial class LiveDeliveryFilter(LiveDelivery delivery, ILogger<LiveDeliveryFilter> logger) : IStartupFilter
{
    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        app.Use(following => context => IsLive(context.Request.Path.Value) ? HandleAsync(context) : following(context));
        next(app);
    };

    // "/live" itself is a health check, and "/live/" nothing of ours.
    private static bool IsLive(string? path) => path is not null && path.Length > LivePath.Prefix.Length && path.StartsWith(LivePath.Prefix, StringComparison.Ordinal);

    private Task HandleAsync(HttpContext context)
    {
        Task handled;
        try { handled = delivery.HandleAsync(context); }
#pragma warning disable CA1031 // whatever it is, GuardAsync answers it
        catch (Exception error) { handled = Task.FromException(error); }
#pragma warning restore CA1031
        return handled.IsCompletedSuccessfully ? handled : GuardAsync(context, handled);
    }

    // The error middleware stands behind this one, so what it does for others is done here.
    private async Task GuardAsync(HttpContext context, Task handled)
    {
        try { await handled; }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested) { }
        catch (Exception error) when (!context.Response.HasStarted)
        {
            LogFailed(context.Request.Path.Value, error);
            context.Response.Clear();
            await LiveFailure.InternalErrorAsync(context);
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "{Path} failed")]
    private partial void LogFailed(string? path, Exception error);
}
