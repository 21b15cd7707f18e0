using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Mirror.ServiceDefaults.Configuration;
using Mirror.ServiceDefaults.Http;
using Mirror.Streams.Registry;
using Mirror.Streams.Transcoding;

namespace Mirror.ServiceDefaults.Cluster;

/// <summary>What a process needs to be one node of several.</summary>
public static class ClusterExtensions
{
    /// <summary>Registers this node's identity and role, and reports both to the registry where the process is a node of a cluster.</summary>
    /// <param name="builder">The host.</param>
    /// <param name="role">What the process does; several calls make a node of several roles.</param>
    /// <returns>Whether the process is a node of a cluster.</returns>
    /// <exception cref="MirrorStartException">The section <c>cluster</c> is wrong.</exception>
    public static bool AddMirrorNode(this IHostApplicationBuilder builder, NodeRole role)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ClusterOptions options = builder.AddMirrorOptions<ClusterOptions>("cluster");
        builder.Services.AddSingleton(role);
        builder.Services.TryAddSingleton(_ => NodeIdentity.Create(options.Name.Length > 0 ? options.Name : Environment.MachineName, options.IsEnabled ? options.FindAddress() : null));
        if (!options.IsEnabled) { return false; }
        builder.Services.TryAddSingleton<NodeClient>();
        builder.Services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, NodeReporter>());
        return true;
    }

    /// <summary>Registers the transcode nodes of the cluster, where this process has none of its own.</summary>
    public static IHostApplicationBuilder AddMirrorRemoteTranscoder(this IHostApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        if (builder.Services.Any(service => service.ServiceType == typeof(ITranscodeNode))) { return builder; }
        builder.Services.AddSingleton<RemoteTranscoder>();
        builder.Services.AddSingleton<ITranscodeNode>(services => services.GetRequiredService<RemoteTranscoder>());
        builder.Services.AddHostedService(services => services.GetRequiredService<RemoteTranscoder>());
        return builder;
    }

    /// <summary>The endpoints for other nodes: below <c>/internal</c>, for those who show the cluster's key.</summary>
    /// <returns><see langword="null"/> where there is no cluster, and so nobody to call them.</returns>
    public static RouteGroupBuilder? MapInternal(this WebApplication app)
    {
        ArgumentNullException.ThrowIfNull(app);
        if (app.Services.GetService<NodeClient>() is not { } client) { return null; }
        RouteGroupBuilder group = app.MapGroup("/internal");
        group.ExcludeFromDescription();
        group.AddEndpointFilter((context, next) => client.IsAuthorized(context.HttpContext.Request)
            ? next(context)
            : ValueTask.FromResult<object?>(ApiError.Result(StatusCodes.Status401Unauthorized, "This address is for nodes of the cluster: Authorization: Bearer KEY, with its cluster.key.")));
        return group;
    }
}
