using Mirror.Functions.Control;
using Mirror.Functions.Dvr;
using Mirror.Functions.Hooks;
using Mirror.Functions.Runner;
using Mirror.ServiceDefaults.Cluster;
using Mirror.ServiceDefaults.Configuration;
using Mirror.ServiceDefaults.Hosting;

namespace Mirror.Functions;

/// <summary>The functions of Mirror: the control API, recordings and webhooks.</summary>
public static class FunctionsExtensions
{
    /// <summary>Registers what functions call.</summary>
    /// <exception cref="MirrorStartException">A section of the functions is wrong.</exception>
    public static IHostApplicationBuilder AddMirrorFunctionServices(this IHostApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.AddMirrorSharedState();
        builder.AddMirrorOptions<FunctionsOptions>("functions");
        if (builder.AddMirrorNode(new NodeRole("functions", static (_, record) => record))) { builder.AddMirrorRemoteTranscoder(); }
        builder.Services.AddSingleton<ProcessUsage>();
        builder.Services.AddSingleton<KnownStreams>();
        builder.Services.AddSingleton<AbandonedStreams>();
        builder.AddDvr();
        builder.AddHooks();
        return builder;
    }

    /// <summary>Registers the functions, and the runner that calls them in this process as their triggers say.</summary>
    public static IHostApplicationBuilder AddMirrorFunctions(this IHostApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.AddMirrorFunctionServices();
        foreach (Type type in FunctionDescription.All.Select(function => function.Class).Distinct()) { builder.Services.AddSingleton(type); }
        builder.Services.AddHostedService<TimerTriggers>();
        builder.Services.AddHostedService<EventTriggers>();
        builder.Services.AddOpenApi("v1", options => options.AddDocumentTransformer((document, _, _) =>
        {
            document.Info.Title = "Mirror";
            document.Info.Description = "Control of a live video platform. Failures answer {error, message, time}.";
            return Task.CompletedTask;
        }));
        return builder;
    }

    /// <summary>Maps the functions with HTTP triggers, their description at <c>/openapi/v1.json</c>, a page to read it at <c>/docs</c>, and the webhook for events.</summary>
    public static WebApplication MapMirrorFunctions(this WebApplication app)
    {
        ArgumentNullException.ThrowIfNull(app);
        app.MapHttpTriggers();
        app.MapEventGridWebhook(app.Services.GetRequiredService<Microsoft.Extensions.Options.IOptions<FunctionsOptions>>().Value);
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
