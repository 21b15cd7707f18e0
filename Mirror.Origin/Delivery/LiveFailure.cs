using Mirror.ServiceDefaults.Http;

namespace Mirror.Origin.Delivery;

/// <summary>Answers a live request that cannot be served: a JSON body, never cached, readable by any page.</summary>
internal static class LiveFailure
{
    public static Task NotFoundAsync(HttpContext context, string message) => WriteAsync(context, StatusCodes.Status404NotFound, message);

    public static Task BadRequestAsync(HttpContext context, string message) => WriteAsync(context, StatusCodes.Status400BadRequest, message);

    public static Task UnavailableAsync(HttpContext context, string message)
    {
        context.Response.Headers.RetryAfter = LiveHeaders.RetryAfterOneSecond;
        return WriteAsync(context, StatusCodes.Status503ServiceUnavailable, message);
    }

    public static Task MethodNotAllowedAsync(HttpContext context)
    {
        context.Response.Headers.Allow = CrossOrigin.Methods;
        return WriteAsync(context, StatusCodes.Status405MethodNotAllowed, "Live media is read with GET or HEAD.");
    }

    public static Task RangeNotSatisfiableAsync(HttpContext context, long length)
    {
        context.Response.Headers.ContentRange = $"bytes */{length}";
        return WriteAsync(context, StatusCodes.Status416RangeNotSatisfiable, $"The resource has {length} bytes.");
    }

    /// <summary>An exception: a bug, and this request's alone.</summary>
    public static Task InternalErrorAsync(HttpContext context) => WriteAsync(context, StatusCodes.Status500InternalServerError, message: null);

    private static Task WriteAsync(HttpContext context, int status, string? message)
    {
        IHeaderDictionary headers = context.Response.Headers;
        headers.CacheControl = LiveHeaders.NoStore;
        CrossOrigin.AllowReading(headers);
        context.RequestServices.GetRequiredService<OriginMetrics>().Failures.Add(1, new KeyValuePair<string, object?>("status", status));
        return ApiError.WriteAsync(context, status, message);
    }
}
