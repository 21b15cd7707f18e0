using Microsoft.Extensions.Options;
using Mirror.ServiceDefaults.Configuration;
using Mirror.Streams.Events;
using Mirror.Streams.Shared;
using Mirror.Streams.Store;

namespace Mirror.Functions.Hooks;

/// <summary>Webhooks and the event file.</summary>
internal static class HooksExtensions
{
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan ConnectionLifetime = TimeSpan.FromMinutes(2);      // so that a name that moves is resolved again

    /// <summary>Registers what delivers events to webhooks.</summary>
    /// <exception cref="MirrorStartException">The section <c>hooks</c> is wrong.</exception>
    public static void AddHooks(this IHostApplicationBuilder builder)
    {
        HooksOptions options = builder.AddMirrorOptions<HooksOptions>("hooks");
        IServiceCollection services = builder.Services;
        services.AddSingleton(options);
        services.AddHttpClient(HookClient.Name, client => client.Timeout = Timeout.InfiniteTimeSpan)     // each request has its own
            .RemoveAllLoggers()                              // they would write addresses, which may hold a key
            .UseSocketsHttpHandler((handler, _) =>
            {
                handler.AllowAutoRedirect = false;
                handler.UseCookies = false;
                handler.UseProxy = false;                    // the address is checked where the connection is made
                handler.ConnectTimeout = ConnectTimeout;
                handler.PooledConnectionLifetime = ConnectionLifetime;
                handler.ConnectCallback = (context, cancellationToken) => AddressGuard.ConnectAsync(context.DnsEndPoint, options.AllowPrivate, cancellationToken);
            })
            .AddHttpMessageHandler(static () => new BrokenConnectionHandler())
            .SetHandlerLifetime(Timeout.InfiniteTimeSpan);
        services.AddSingleton<HookStore>();
        services.AddSingleton<HookCounts>();
        services.AddSingleton<HookClient>();
        services.AddSingleton<WaitingDeliveries>();
        services.AddSingleton<DeadLetters>();
        services.AddSingleton<HookServices>();
        services.AddSingleton<HookDeliveries>();
        services.AddSingleton(provider => new EventFile(provider.GetRequiredService<IOptions<EventsOptions>>().Value, provider.GetService<StorageFaults>()));
        services.AddHostedService(provider => provider.GetRequiredService<HookDeliveries>());
    }
}
