using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Mirror.ServiceDefaults.Http;
using Mirror.Streams;

namespace Mirror.Origin.Web;

/// <summary>The web pages: <c>/</c> lists the streams, <c>/watch/{stream}</c> plays one.</summary>
public static class WebEndpoints
{
    private static readonly string[] Reading = [HttpMethods.Get, HttpMethods.Head];

    /// <summary>Serves the pages, and a page instead of JSON to people who open an address that is none.</summary>
    public static WebApplication MapMirrorWeb(this WebApplication app)
    {
        ArgumentNullException.ThrowIfNull(app);
        var files = WebFiles.FromAssembly();
        app.Use((context, next) => ShowMissingPageAsync(context, next, files));
        app.MapMethods("/", Reading, context => files.SendAsync(context, "index.html"));
        app.MapMethods("/watch/{stream}", Reading, context => SendPlayerAsync(context, files));
        app.MapMethods("/assets/{name}", Reading, context => files.SendAsync(context, "assets/" + context.GetRouteValue("name")));
        return app;
    }

    private static Task SendPlayerAsync(HttpContext context, WebFiles files)
    {
        if (StreamId.IsValid((string)context.GetRouteValue("stream")!)) { return files.SendAsync(context, "watch.html"); }
        context.Response.StatusCode = StatusCodes.Status404NotFound;
        return Task.CompletedTask;
    }

    private static async Task ShowMissingPageAsync(HttpContext context, RequestDelegate next, WebFiles files)
    {
        await next(context);
        HttpResponse response = context.Response;
        bool isBare = response is { StatusCode: StatusCodes.Status404NotFound, HasStarted: false, ContentType: null, ContentLength: null };
        if (isBare && AsksForPage(context.Request)) { await files.SendAsync(context, "missing.html", StatusCodes.Status404NotFound); }
    }

    /// <summary>A browser that opens an address names HTML; players and programs do not.</summary>
    private static bool AsksForPage(HttpRequest request)
        => HttpMethods.IsGet(request.Method) && !request.Path.StartsWithSegments("/api")
            && request.Headers.Accept.ToString().Contains("text/html", StringComparison.OrdinalIgnoreCase);
}
