using Mirror.GpuTranscode.Ladder;
using Mirror.GpuTranscode.Packaging;
using Mirror.GpuTranscode.Thumbnails;
using Mirror.GpuTranscode.Workers;
using Mirror.ServiceDefaults.Configuration;
using Mirror.ServiceDefaults.Hosting;
using Mirror.Streams.Feed;
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
        builder.AddMirrorLocalAdapters();
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
        return builder;
    }

    /// <summary>Maps the node's endpoints: none yet, for it serves nobody but the store.</summary>
    public static WebApplication MapMirrorTranscode(this WebApplication app) => app;
}
