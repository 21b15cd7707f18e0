using Mirror.GpuTranscode.Intake;
using Mirror.GpuTranscode.Ladder;
using Mirror.GpuTranscode.Packaging;
using Mirror.GpuTranscode.Thumbnails;
using Mirror.GpuTranscode.Workers;
using Mirror.ServiceDefaults.Cluster;
using Mirror.ServiceDefaults.Configuration;
using Mirror.ServiceDefaults.Hosting;
using Mirror.Streams.Feed;
using Mirror.Streams.Registry;
using Mirror.Streams.Transcoding;

namespace Mirror.GpuTranscode;

/// <summary>The transcode node: packages each stream's source into CMAF, encodes its ladder, and publishes both.</summary>
public static class TranscodeExtensions
{
    /// <summary>Registers the node, which takes the feeds of the ingest node in this process.</summary>
    /// <exception cref="MirrorStartException">The ladder file cannot be used.</exception>
    public static IHostApplicationBuilder AddMirrorTranscode(this IHostApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.AddMirrorSharedState();
        builder.AddMirrorOptions<PackageOptions>("package");
        TranscodeOptions options = builder.AddMirrorOptions<TranscodeOptions>("transcode");
        builder.Services.AddSingleton(options.Ladder.Length == 0 ? TranscodingLadder.Default : TranscodingLadder.Load(options.Ladder));
        builder.Services.AddSingleton(WorkerCommand.Find());
        builder.Services.AddSingleton<WorkerPool>();
        builder.Services.AddSingleton<KeyFrameStills>();
        builder.Services.AddSingleton<NodeCapabilities>();
        builder.Services.AddSingleton(_ => new GpuPool(options));
        builder.Services.AddSingleton(_ => new TranscodeBudget(Environment.ProcessorCount, options.CpuBudget));
        builder.Services.AddSingleton<TranscodeNode>();
        builder.Services.AddSingleton<IFeedTarget>(services => services.GetRequiredService<TranscodeNode>());
        builder.Services.AddSingleton<ITranscodeNode>(services => services.GetRequiredService<TranscodeNode>());
        builder.Services.AddHostedService(services => services.GetRequiredService<TranscodeNode>());
        builder.Services.AddHostedService<RenditionNews>();
        var role = new NodeRole("transcode", static (services, record) => record with
        {
            Streams = record.Streams + services.GetRequiredService<TranscodeNode>().Count,
            FreeCores = services.GetRequiredService<TranscodeNode>().FreeCores,
            Transcoder = services.GetRequiredService<NodeCapabilities>().Known,
        });
        if (builder.AddMirrorNode(role))
        {
            builder.Services.AddSingleton<FeedConnection>();
            builder.Services.AddSingleton<Func<string, Lease, LeasedStream>>(services => (id, lease) => ActivatorUtilities.CreateInstance<LeasedStream>(services, id, lease));
            builder.Services.AddSingleton<TranscodeIntake>();
            builder.Services.AddHostedService(services => services.GetRequiredService<TranscodeIntake>());
        }
        return builder;
    }

    /// <summary>Maps the node's endpoints: in a cluster, pictures of its streams.</summary>
    public static WebApplication MapMirrorTranscode(this WebApplication app)
    {
        ArgumentNullException.ThrowIfNull(app);
        app.MapInternal()?.MapImages();
        return app;
    }
}
