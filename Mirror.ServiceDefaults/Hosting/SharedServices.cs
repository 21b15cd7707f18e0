using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Mirror.ServiceDefaults.Configuration;
using Mirror.Streams.Configuration;
using Mirror.Streams.Documents;
using Mirror.Streams.Events;
using Mirror.Streams.Recordings;
using Mirror.Streams.Shared;
using Mirror.Streams.Store;

namespace Mirror.ServiceDefaults.Hosting;

/// <summary>Events, documents and recordings.</summary>
internal static class SharedServices
{
    public static void AddEvents(this IHostApplicationBuilder builder)
    {
        EventsOptions options = builder.AddMirrorOptions<EventsOptions>("events");
        if (options.EventGrid.Endpoint.Length > 0)
        {
            builder.Services.TryAddSingleton<IEvents>(services => new EventGridEvents(options, services.GetRequiredService<TimeProvider>(), services.GetRequiredService<ILogger<EventGridEvents>>()));
            return;
        }
        builder.Services.TryAddSingleton(services => new LocalEvents(options.QueueLength, services.GetRequiredService<ILogger<LocalEvents>>()));
        builder.Services.TryAddSingleton<IEvents>(services => services.GetRequiredService<LocalEvents>());
    }

    public static void AddDocuments(this IHostApplicationBuilder builder)
    {
        DocumentsOptions options = builder.AddMirrorOptions<DocumentsOptions>("documents");
        builder.Services.TryAddSingleton<IDocuments>(services => services.GetService<BlobConnection>() is { } blobs ? new BlobDocuments(blobs) : new LocalDocuments(options.Directory, services.GetService<StorageFaults>()));
    }

    public static void AddRecordings(this IHostApplicationBuilder builder)
    {
        DvrOptions options = builder.AddMirrorOptions<DvrOptions>("dvr");
        builder.Services.TryAddSingleton<IRecordingArchive>(_ => new LocalRecordingArchive(options.Directory));
        builder.Services.TryAddSingleton<RecordingCatalog>();
    }
}

/// <summary>Where a single process keeps what outlives it: section <c>documents</c>. Several keep it in the storage that they share.</summary>
internal sealed class DocumentsOptions
{
    /// <summary>Folder of webhooks' definitions, deliveries that wait, and wishes to record. Default <c>.mirror/documents</c>.</summary>
    [FilePath, Required] public string Directory { get; set; } = ".mirror/documents";
}
