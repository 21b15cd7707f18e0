using Microsoft.Extensions.DependencyInjection.Extensions;
using Mirror.Origin.Delivery;
using Mirror.Origin.Dvr;
using Mirror.Origin.Live;
using Mirror.Origin.Web;
using Mirror.ServiceDefaults.Cluster;
using Mirror.ServiceDefaults.Configuration;
using Mirror.Streams.Store;

namespace Mirror.Origin;

/// <summary>The origin: live streams over Low-Latency HLS, and recordings.</summary>
public static class OriginServices
{
    /// <summary>Registers the origin. The host registers the announcements, the segment store, the stream registry and the recordings that it reads.</summary>
    /// <exception cref="MirrorStartException">The section <c>delivery</c> is wrong, or does not go with <c>store</c>.</exception>
    public static IHostApplicationBuilder AddMirrorOrigin(this IHostApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        IServiceCollection services = builder.Services;
        ThrowIfForgetful(builder.AddMirrorOptions<OriginOptions>(OriginOptions.Section), builder.AddMirrorOptions<StoreOptions>("store"));
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<OriginMetrics>();
        services.AddSingleton<LiveStreams>();
        services.AddHostedService(provider => provider.GetRequiredService<LiveStreams>());
        services.AddSingleton<StoreReader>();
        services.AddSingleton<PlaylistDelivery>();
        services.AddSingleton<MediaDelivery>();
        services.AddSingleton<LiveDelivery>();
        services.AddTransient<IStartupFilter, LiveDeliveryFilter>();
        services.AddSingleton<RecordingDelivery>();
        services.TuneForParts();
        if (builder.AddMirrorNode(new NodeRole("origin", static (_, record) => record))) { services.AddSingleton<ApiForwarder>(); }
        return builder;
    }

    // draft-pantos-hls-rfc8216bis §6.2.2: what left the playlist stays for as long again as the longest playlist that listed it.
    private static void ThrowIfForgetful(OriginOptions delivery, StoreOptions store)
    {
        if (store.Retention >= 2 * delivery.LiveWindow) { return; }
        throw new MirrorStartException($"store.retention = {store.Retention.TotalSeconds}s: allowed is at least twice delivery.live_window, {2 * delivery.LiveWindow.TotalSeconds}s.")
        {
            ExitCode = MirrorStartException.ConfigurationWrong,
        };
    }

    /// <summary>Maps what the origin serves besides <c>/live/</c>: recordings, the web pages, and in a cluster the control API of its functions nodes. Ties it to the application's life.</summary>
    public static WebApplication MapMirrorOrigin(this WebApplication app)
    {
        ArgumentNullException.ThrowIfNull(app);
        app.Lifetime.ApplicationStopping.Register(app.Services.GetRequiredService<LiveStreams>().Stop);
        app.MapRecordings();
        app.MapMirrorWeb();
        bool hasFunctions = app.Services.GetServices<NodeRole>().Any(role => role.Name == "functions");
        if (!hasFunctions && app.Services.GetService<ApiForwarder>() is { } forwarder)
        {
            foreach (string path in (ReadOnlySpan<string>)["/api/{**rest}", "/docs/{**rest}", "/openapi/{**rest}", "/runtime/webhooks/{**rest}"]) { app.Map(path, forwarder.ForwardAsync); }
        }
        return app;
    }
}
