using Mirror.Functions.Control;
using Mirror.ServiceDefaults.Cluster;
using Mirror.ServiceDefaults.Hosting;

namespace Mirror.Functions;

/// <summary>The functions of Mirror: the control API.</summary>
public static class FunctionsExtensions
{
    /// <summary>Registers the functions.</summary>
    public static IHostApplicationBuilder AddMirrorFunctions(this IHostApplicationBuilder builder)
    {
        builder.AddMirrorSharedState();
        if (builder.AddMirrorNode(new NodeRole("functions", static (_, record) => record))) { builder.AddMirrorRemoteTranscoder(); }
        builder.Services.AddSingleton<ProcessUsage>();
        builder.Services.AddOpenApi("v1", options => options.AddDocumentTransformer((document, _, _) =>
        {
            document.Info.Title = "Mirror";
            document.Info.Description = "Control of a live video platform. Failures answer {error, message, time}.";
            return Task.CompletedTask;
        }));
        return builder;
    }

    /// <summary>Maps <c>/api/v1</c>, its description at <c>/openapi/v1.json</c>, and a page to read it at <c>/docs</c>.</summary>
    public static WebApplication MapMirrorFunctions(this WebApplication app)
    {
        RouteGroupBuilder api = app.MapGroup("/api/v1").WithTags("streams");
        api.MapStreams();
        api.MapSystem();
        api.MapTranscoder();
        app.MapOpenApi("/openapi/{documentName}.json");
        app.UseSwaggerUI(page =>
        {
            page.RoutePrefix = "docs";
            page.DocumentTitle = "Mirror API";
            page.SwaggerEndpoint("/openapi/v1.json", "Mirror v1");
        });
        return app;
    }
}
