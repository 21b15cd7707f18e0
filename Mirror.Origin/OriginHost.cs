using Mirror.ServiceDefaults.Hosting;

namespace Mirror.Origin;

/// <summary>The origin as a process of its own.</summary>
public static class OriginHost
{
    /// <summary>Runs until the process is told to stop.</summary>
    /// <returns>The process's exit code.</returns>
    public static Task<int> RunAsync(string[] arguments) => MirrorHost.RunAsync(arguments, Add, Map);

    /// <summary>Builds a server that the caller starts and stops.</summary>
    public static WebApplication Build(string[] arguments) => MirrorHost.Build(arguments, Add, Map);

    private static void Add(WebApplicationBuilder builder) => builder.AddMirrorSharedState().AddMirrorOrigin();

    private static void Map(WebApplication app) => app.MapMirrorOrigin();
}
