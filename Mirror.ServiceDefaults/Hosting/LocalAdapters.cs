using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Mirror.ServiceDefaults.Configuration;
using Mirror.ServiceDefaults.Health;
using Mirror.Streams.Announcements;
using Mirror.Streams.Registry;
using Mirror.Streams.Store;

namespace Mirror.ServiceDefaults.Hosting;

/// <summary>What services share when all of them are in one process.</summary>
public static class LocalAdapters
{
    /// <summary>Registers the registry, the announcements, the segment store, the documents and the recordings of a single process, and where events go. A second call changes nothing.</summary>
    /// <exception cref="MirrorStartException">The section <c>store</c>, <c>events</c>, <c>documents</c> or <c>dvr</c> is wrong.</exception>
    public static IHostApplicationBuilder AddMirrorLocalAdapters(this IHostApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.AddMirrorOptions<StoreOptions>("store");
        builder.AddEvents();
        if (builder.Services.All(service => service.ServiceType != typeof(StorageFaults)))
        {
            builder.Services.AddSingleton<StorageFaults>();
            builder.Services.AddHealthChecks().AddCheck<StorageHealthCheck>("storage");
        }
        builder.AddDocuments();
        builder.AddRecordings();
        builder.Services.TryAddSingleton<IStreamRegistry, LocalStreamRegistry>();
        builder.Services.TryAddSingleton<ILeases, LocalLeases>();
        builder.Services.TryAddSingleton<IngestListeners>();
        builder.Services.TryAddSingleton<IAnnouncements, LocalAnnouncements>();
        builder.Services.TryAddSingleton(services => new LocalSegmentStore(
            services.GetRequiredService<IOptions<StoreOptions>>().Value, services.GetRequiredService<TimeProvider>(), services.GetRequiredService<ILogger<LocalSegmentStore>>(),
            services.GetRequiredService<StorageFaults>()));
        builder.Services.TryAddSingleton<ISegmentStore>(services => services.GetRequiredService<LocalSegmentStore>());
        return builder;
    }
}
