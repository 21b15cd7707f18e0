using Microsoft.Extensions.DependencyInjection.Extensions;
using Mirror.IngestNode.Srt;
using Mirror.IngestNode.Streams;
using Mirror.ServiceDefaults.Configuration;
using Mirror.ServiceDefaults.Hosting;
using Mirror.Streams.Feed;

namespace Mirror.IngestNode;

/// <summary>The ingest node: listeners, demuxing, GOP buffers, and the feed to whoever transcodes.</summary>
public static class IngestExtensions
{
    /// <summary>Registers the node.</summary>
    public static IHostApplicationBuilder AddMirrorIngest(this IHostApplicationBuilder builder)
    {
        builder.AddMirrorLocalAdapters();
        builder.AddMirrorOptions<SrtOptions>("ingestion.srt");
        builder.Services.AddSingleton<StreamReporter>();
        builder.Services.AddHostedService(services => services.GetRequiredService<StreamReporter>());
        builder.Services.AddSingleton<LiveStreamFactory>();
        builder.Services.AddSingleton<SrtListener>();
        builder.Services.AddHostedService(services => services.GetRequiredService<SrtListener>());
        builder.Services.AddHealthChecks().AddCheck<SrtHealthCheck>("srt");
        builder.Services.TryAddSingleton<IFeedTarget, DetachedFeedTarget>();
        return builder;
    }

    /// <summary>Maps the node's endpoints: none yet.</summary>
    public static WebApplication MapMirrorIngest(this WebApplication app) => app;
}
