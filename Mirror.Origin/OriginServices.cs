using Microsoft.Extensions.DependencyInjection.Extensions;
using Mirror.Origin.Delivery;
using Mirror.Origin.Live;
using Mirror.Origin.Web;
using Mirror.ServiceDefaults.Configuration;

namespace Mirror.Origin;

/// <summary>The origin: live streams over Low-Latency HLS.</summary>
public static class OriginServices
{
    /// <summary>Registers the origin. The host registers the announcements, the segment store and the stream registry that it reads.</summary>
    public static IHostApplicationBuilder AddMirrorOrigin(this IHostApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        IServiceCollection services = builder.Services;
        builder.AddMirrorOptions<OriginOptions>(OriginOptions.Section);
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<OriginMetrics>();
        services.AddSingleton<LiveStreams>();
        services.AddHostedService(provider => provider.GetRequiredService<LiveStreams>());
        services.AddSingleton<StoreReader>();
        services.AddSingleton<PlaylistDelivery>();
        services.AddSingleton<MediaDelivery>();
        services.AddSingleton<LiveDelivery>();
        services.AddTransient<IStartupFilter, LiveDeliveryFilter>();
        services.TuneForParts();
        return builder;
    }

    /// <summary>Maps what the origin serves besides <c>/live/</c>: the web pages. Ties it to the application's life.</summary>
    public static WebApplication MapMirrorOrigin(this WebApplication app)
    {
        ArgumentNullException.ThrowIfNull(app);
        app.Lifetime.ApplicationStopping.Register(app.Services.GetRequiredService<LiveStreams>().Stop);
        app.MapMirrorWeb();
        return app;
    }
}
