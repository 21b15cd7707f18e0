using Mirror.Functions;
using Mirror.GpuTranscode;
using Mirror.IngestNode;
using Mirror.Origin;
using Mirror.ServiceDefaults.Hosting;

namespace Mirror.Standalone;

/// <summary>The single binary: every service in one process, along the way of a frame.</summary>
public static class StandaloneHost
{
    /// <summary>Runs until the process is told to stop. Published as a single file, it is its own transcode worker as well.</summary>
    /// <returns>The process's exit code.</returns>
    public static Task<int> RunAsync(string[] arguments)
        => TranscodeWorker.IsWanted(arguments) ? Task.FromResult(TranscodeWorker.Run(arguments)) : RunNodeAsync(arguments);

    /// <summary>Builds a server that the caller starts and stops.</summary>
    public static WebApplication Build(string[] arguments) => MirrorHost.Build(arguments, Add, Map);

    // Apart, so that a worker need not load what a node is made of.
    private static Task<int> RunNodeAsync(string[] arguments) => MirrorHost.RunAsync(arguments, Add, Map);

    private static void Add(WebApplicationBuilder builder)
    {
        builder.AddMirrorIngest();
        builder.AddMirrorTranscode();
        builder.AddMirrorOrigin();
        builder.AddMirrorFunctions();
    }

    private static void Map(WebApplication app)
    {
        app.MapMirrorIngest();
        app.MapMirrorTranscode();
        app.MapMirrorOrigin();
        app.MapMirrorFunctions();
    }
}
