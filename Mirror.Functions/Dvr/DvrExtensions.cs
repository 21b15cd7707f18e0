using Microsoft.Extensions.Options;
using Mirror.ServiceDefaults.Configuration;
using Mirror.Streams.Announcements;
using Mirror.Streams.Documents;
using Mirror.Streams.Events;
using Mirror.Streams.Recordings;
using Mirror.Streams.Registry;
using Mirror.Streams.Store;

namespace Mirror.Functions.Dvr;

/// <summary>The recorder and the retention of recordings.</summary>
internal static class DvrExtensions
{
    /// <summary>Registers them. The archive and the catalog are those of the shared state.</summary>
    public static void AddDvr(this IHostApplicationBuilder builder)
    {
        StoreOptions store = builder.AddMirrorOptions<StoreOptions>("store");
        builder.Services.AddSingleton(services => new RecordingWishes(services.GetRequiredService<IDocuments>(), OptionsOf(services), services.GetRequiredService<TimeProvider>()));
        builder.Services.AddSingleton<RecordingFaults>();
        builder.Services.AddSingleton(services => new RecorderServices(services.GetRequiredService<ISegmentStore>(), services.GetRequiredService<IRecordingArchive>(),
            services.GetRequiredService<RecordingCatalog>(), services.GetRequiredService<ILeases>(), services.GetRequiredService<IEvents>(), services.GetRequiredService<NodeIdentity>(),
            OptionsOf(services), services.GetRequiredService<TimeProvider>(), services.GetRequiredService<RecordingFaults>()));
        builder.Services.AddSingleton(services => new DvrRetention(services.GetRequiredService<IRecordingArchive>(), services.GetRequiredService<RecordingCatalog>(),
            services.GetRequiredService<IEvents>(), OptionsOf(services), services.GetRequiredService<TimeProvider>(), services.GetRequiredService<ILogger<DvrRetention>>()));
        builder.Services.AddHostedService(services => new Recorder(services.GetRequiredService<IAnnouncements>(), services.GetRequiredService<RecordingWishes>(),
            services.GetRequiredService<RecorderServices>(), store.Retention, services.GetRequiredService<ILogger<Recorder>>()));
    }

    private static DvrOptions OptionsOf(IServiceProvider services) => services.GetRequiredService<IOptions<DvrOptions>>().Value;
}
