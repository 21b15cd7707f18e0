using Microsoft.AspNetCore.Http;

namespace Mirror.ServiceDefaults.Http;

/// <summary>Lets pages of other origins read the API and the node's state. Only pages of this origin may change anything, or read webhooks.</summary>
/// <remarks>The API has no login of its own: a page that an operator happens to open must not end streams, nor see receivers' addresses.</remarks>
internal sealed class CrossOriginMiddleware(RequestDelegate next)
{
    private static readonly PathString Hooks = "/api/v1/hooks";
    private static readonly PathString[] Readable = ["/api", "/openapi", "/health", "/ready", "/live", "/version"];

    public Task InvokeAsync(HttpContext context)
    {
        PathString path = context.Request.Path;
        if (!Readable.Any(prefix => path.StartsWithSegments(prefix)) || path.StartsWithSegments(Hooks)) { return next(context); }
        string method = context.Request.Method;
        if (HttpMethods.IsOptions(method) && context.Request.Headers.ContainsKey("Access-Control-Request-Method")) { return CrossOrigin.AnswerOptionsAsync(context); }
        if (HttpMethods.IsGet(method) || HttpMethods.IsHead(method)) { CrossOrigin.AllowReading(context.Response.Headers); }
        return next(context);
    }
}
