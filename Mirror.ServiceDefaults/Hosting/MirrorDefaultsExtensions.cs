using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Mirror.ServiceDefaults.Configuration;
using Mirror.ServiceDefaults.Health;
using Mirror.ServiceDefaults.Http;
using Mirror.ServiceDefaults.Logging;

namespace Mirror.ServiceDefaults.Hosting;

/// <summary>What every Mirror process has: configuration, logging, health, JSON, error bodies.</summary>
public static class MirrorDefaultsExtensions
{
    /// <summary>Registers the defaults. <see cref="MirrorHost"/> calls it.</summary>
    /// <exception cref="MirrorStartException">The configuration is wrong.</exception>
    public static IHostApplicationBuilder AddMirrorDefaults(this IHostApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ServerOptions server = builder.AddMirrorOptions<ServerOptions>("server");
        builder.AddMirrorLogging();
        builder.Services.TryAddSingleton(TimeProvider.System);
        builder.Services.AddSingleton(ProductVersion.Current);
        builder.Services.AddSingleton(new StartTime(DateTime.UtcNow));
        builder.Services.AddHealthChecks();
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = server.ShutdownTimeout);
        builder.Services.ConfigureHttpJsonOptions(json =>
        {
            json.SerializerOptions.PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower;
            json.SerializerOptions.TypeInfoResolverChain.Insert(0, DefaultsJson.Default);
        });
        return builder;
    }

    /// <summary>Adds access from other origins, the error bodies, <c>/health</c>, <c>/ready</c>, <c>/live</c>, <c>/version</c>. Comes before any other middleware.</summary>
    public static WebApplication MapMirrorDefaults(this WebApplication app)
    {
        ArgumentNullException.ThrowIfNull(app);
        app.UseMiddleware<CrossOriginMiddleware>();
        app.UseMiddleware<ApiErrorMiddleware>();
        app.MapHealth();
        return app;
    }
}
