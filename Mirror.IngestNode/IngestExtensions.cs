using Mirror.IngestNode.Demux;
using Mirror.IngestNode.Feed;
using Mirror.IngestNode.Srt;
using Mirror.IngestNode.Streams;
using Mirror.ServiceDefaults.Cluster;
using Mirror.ServiceDefaults.Configuration;
using Mirror.ServiceDefaults.Hosting;
using Mirror.Streams.Registry;

namespace Mirror.IngestNode;

/// <summary>The ingest node: listeners, demuxing, GOP buffers, and the feed to whoever transcodes.</summary>
public static class IngestExtensions
{
    /// <summary>Registers the node.</summary>
    public static IHostApplicationBuilder AddMirrorIngest(this IHostApplicationBuilder builder)
    {
        builder.AddMirrorSharedState();
        builder.AddMirrorNode(new NodeRole("ingest", static (services, record) => record with
        {
            SrtPort = services.GetRequiredService<IngestListeners>().SrtPort,
            Streams = record.Streams + (services.GetRequiredService<StreamReporter>().Source?.Invoke().Count ?? 0),
        }));
        builder.AddMirrorOptions<SrtOptions>("ingestion.srt");
        builder.AddMirrorOptions<MpegTsOptions>("ingestion.mpegts");
        builder.Services.AddSingleton<FeedHub>();
        builder.Services.AddSingleton<StreamNews>();
        builder.Services.AddSingleton<StreamReporter>();
        builder.Services.AddHostedService(services => services.GetRequiredService<StreamReporter>());
        builder.Services.AddSingleton<LiveStreamFactory>();
        builder.Services.AddSingleton<SrtListener>();
        builder.Services.AddHostedService(services => services.GetRequiredService<SrtListener>());
        builder.Services.AddHealthChecks().AddCheck<SrtHealthCheck>("srt");
        return builder;
    }

    /// <summary>Maps the node's endpoints: in a cluster, the feeds of its streams.</summary>
    public static WebApplication MapMirrorIngest(this WebApplication app)
    {
        ArgumentNullException.ThrowIfNull(app);
        app.MapInternal()?.MapFeed();
        return app;
    }
}
