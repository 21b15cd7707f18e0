using Mirror.GpuTranscode.Packaging;
using Mirror.ServiceDefaults.Configuration;
using Mirror.ServiceDefaults.Hosting;
using Mirror.Streams.Feed;

namespace Mirror.GpuTranscode;

/// <summary>The transcode node: packages each stream's source into CMAF and publishes it.</summary>
public static class TranscodeExtensions
{
    /// <summary>Registers the node, which takes the feeds of the ingest node in this process.</summary>
    public static IHostApplicationBuilder AddMirrorTranscode(this IHostApplicationBuilder builder)
    {
        builder.AddMirrorLocalAdapters();
        builder.AddMirrorOptions<PackageOptions>("package");
        builder.AddMirrorOptions<TranscodeOptions>("transcode");
        builder.Services.AddSingleton<IFeedTarget, PackagingNode>();
        return builder;
    }

    /// <summary>Maps the node's endpoints: none yet, for it serves nobody but the store.</summary>
    public static WebApplication MapMirrorTranscode(this WebApplication app) => app;
}
