using System.Buffers;
using System.Text.Json;

namespace Mirror.Origin.Delivery;

/// <summary>Answers a live request that cannot be served: a JSON body, never cached, readable by any page.</summary>
internal static class LiveFailure
{
    public static Task NotFoundAsync(HttpContext context, string message) => WriteAsync(context, StatusCodes.Status404NotFound, "not_found", message);

    public static Task BadRequestAsync(HttpContext context, string message) => WriteAsync(context, StatusCodes.Status400BadRequest, "bad_request", message);

    public static Task UnavailableAsync(HttpContext context, string message)
    {
        context.Response.Headers.RetryAfter = LiveHeaders.RetryAfterOneSecond;
        return WriteAsync(context, StatusCodes.Status503ServiceUnavailable, "unavailable", message);
    }

    public static Task MethodNotAllowedAsync(HttpContext context)
    {
        context.Response.Headers.Allow = LiveHeaders.AllowedMethods;
        return WriteAsync(context, StatusCodes.Status405MethodNotAllowed, "method_not_allowed", "Live media is read with GET or HEAD.");
    }

    public static Task RangeNotSatisfiableAsync(HttpContext context, long length)
    {
        context.Response.Headers.ContentRange = $"bytes */{length}";
        return WriteAsync(context, StatusCodes.Status416RangeNotSatisfiable, "range_not_satisfiable", $"The resource has {length} bytes.");
    }

    private static Task WriteAsync(HttpContext context, int status, string error, string message)
    {
        var body = new ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(body))
        {
            json.WriteStartObject();
            json.WriteString("error", error);
            json.WriteString("message", message);
            json.WriteString("time", context.RequestServices.GetRequiredService<TimeProvider>().GetUtcNow().UtcDateTime);
            json.WriteEndObject();
        }
        HttpResponse response = context.Response;
        IHeaderDictionary headers = response.Headers;
        response.StatusCode = status;
        headers.ContentType = "application/json; charset=utf-8";
        headers.CacheControl = LiveHeaders.NoStore;
        headers.AccessControlAllowOrigin = LiveHeaders.AnyOrigin;
        headers.AccessControlExposeHeaders = LiveHeaders.ExposedHeaders;
        response.ContentLength = body.WrittenCount;
        return HttpMethods.IsHead(context.Request.Method) ? Task.CompletedTask : response.BodyWriter.WriteAsync(body.WrittenMemory).AsTask();
    }
}
