using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Mirror.ServiceDefaults.Configuration;
using Mirror.ServiceDefaults.Health;
using Mirror.Streams.Announcements;
using Mirror.Streams.Recordings;
using Mirror.Streams.Registry;
using Mirror.Streams.Shared;
using Mirror.Streams.Store;

namespace Mirror.ServiceDefaults.Hosting;

/// <summary>What services share: within one process, or through Redis and Azure Blob Storage where the section <c>shared</c> names them.</summary>
public static class SharedState
{
    private const string AspireRedis = "ConnectionStrings__redis";
    private const string AspireBlobs = "ConnectionStrings__blobs";

    /// <summary>Registers the registry, the leases, the announcements, the segment store and the recordings. A second call changes nothing.</summary>
    /// <remarks>
    /// Aspire's <c>ConnectionStrings__redis</c> and <c>ConnectionStrings__blobs</c> count where the configuration is silent. Connections are
    /// opened in the background; <c>/health</c> says how they are.
    /// </remarks>
    /// <exception cref="MirrorStartException">The section <c>store</c> or <c>shared</c> is wrong.</exception>
    public static IHostApplicationBuilder AddMirrorSharedState(this IHostApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        if (builder.Services.Any(service => service.ServiceType == typeof(IStreamRegistry))) { return builder; }
        SharedOptions options = builder.AddMirrorOptions<SharedOptions>("shared");
        if (options.Redis.Length == 0) { options.Redis = Environment.GetEnvironmentVariable(AspireRedis) ?? ""; }
        if (options.Blob.Length == 0) { options.Blob = Environment.GetEnvironmentVariable(AspireBlobs) ?? ""; }
        if (!options.IsShared) { return builder.AddMirrorLocalAdapters(); }
        if (options.Redis.Length == 0 || options.Blob.Length == 0)
        {
            throw new MirrorStartException($"shared.{(options.Redis.Length == 0 ? "redis" : "blob")} is missing: several processes share Redis and Azure Blob Storage, a single one needs neither")
            {
                ExitCode = MirrorStartException.ConfigurationWrong,
            };
        }
        builder.Services.AddSharedRegistry(options);
        builder.Services.AddSharedStore(options, builder.AddMirrorOptions<StoreOptions>("store"));
        return builder.AddMirrorLocalAdapters();
    }

    private static void AddSharedRegistry(this IServiceCollection services, SharedOptions options)
    {
        try { _ = StackExchange.Redis.ConfigurationOptions.Parse(options.Redis); }
        catch (ArgumentException error) { throw new MirrorStartException("shared.redis cannot be read: allowed is HOST:PORT, with options behind commas", error) { ExitCode = MirrorStartException.ConfigurationWrong }; }
        services.AddSingleton(provider => new RedisConnection(options.Redis, provider.GetRequiredService<ILogger<RedisConnection>>()));
        services.AddSingleton<ILeases>(provider => new RedisLeases(provider.GetRequiredService<RedisConnection>(), options.Prefix, provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<IStreamRegistry>(provider => new RedisStreamRegistry(provider.GetRequiredService<RedisConnection>(), options.Prefix,
            provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILogger<RedisStreamRegistry>>()));
        services.AddSingleton(new RecentParts(options.RecentParts.Bytes));
        services.AddSingleton(provider => new RedisWriters(options.Redis, provider.GetRequiredService<ILogger<RedisConnection>>()));
        services.AddSingleton<IAnnouncements>(provider => new RedisAnnouncements(provider.GetRequiredService<RedisConnection>(), provider.GetRequiredService<RedisWriters>().Connections,
            options, provider.GetRequiredService<RecentParts>(), provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILogger<RedisAnnouncements>>()));
        services.AddHealthChecks().AddCheck<RedisHealthCheck>("redis");
    }

    private static void AddSharedStore(this IServiceCollection services, SharedOptions options, StoreOptions store)
    {
        BlobConnection blobs;
        try { blobs = new BlobConnection(options.Blob, options.BlobContainer); }
        catch (FormatException error)
        {
            throw new MirrorStartException("shared.blob cannot be read: allowed is a connection string, or the URL of an account", error) { ExitCode = MirrorStartException.ConfigurationWrong };
        }
        services.AddSingleton(blobs);
        services.AddSingleton<BlobSegmentStore>();
        services.AddSingleton<IRecordingArchive, BlobRecordingArchive>();
        services.AddSingleton<ISegmentStore>(provider => new RecentPartsStore(provider.GetRequiredService<BlobSegmentStore>(), provider.GetRequiredService<RecentParts>()));
        string node = $"{Environment.MachineName}-{Guid.NewGuid().ToString("N")[..8]}";
        services.AddHostedService(provider => new BlobSweep(blobs, provider.GetRequiredService<ILeases>(), provider.GetService<NodeIdentity>()?.Id ?? node, store.Retention,
            provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILogger<BlobSweep>>()));
        services.AddHealthChecks().AddCheck<BlobHealthCheck>("blob", tags: [HealthEndpoints.Remote]);
    }
}
