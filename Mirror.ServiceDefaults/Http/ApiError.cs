using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http;

namespace Mirror.ServiceDefaults.Http;

/// <summary>The body of every failed request: <c>{"error":"not_found","message":"There is no stream 'a'.","time":"2026-01-01T00:00:00Z"}</c>.</summary>
/// <param name="Error">A code that programs can act on: <c>not_found</c>.</param>
/// <param name="Message">One sentence for people.</param>
/// <param name="Time">When it failed (UTC).</param>
public sealed record ApiError(string Error, string Message, DateTime Time)
{
    /// <summary>Writes the error as the response: status, <c>Cache-Control: no-store</c> unless a policy is set, and the body (none for HEAD).</summary>
    /// <param name="context">The request, whose response has not started.</param>
    /// <param name="status">HTTP status, 400 to 599.</param>
    /// <param name="message">One sentence for people; the status's usual one where missing.</param>
    /// <param name="error">A code more exact than the status's own.</param>
    public static Task WriteAsync(HttpContext context, int status, string? message = null, string? error = null)
    {
        ArgumentNullException.ThrowIfNull(context);
        var body = new ApiError(error ?? CodeOf(status), message ?? MessageOf(status), DateTime.UtcNow);
        byte[] bytes = JsonSerializer.SerializeToUtf8Bytes(body, DefaultsJson.Readable.ApiError);
        HttpResponse response = context.Response;
        response.StatusCode = status;
        response.ContentType = "application/json";
        response.ContentLength = bytes.Length;
        if (response.Headers.CacheControl.Count == 0) { response.Headers.CacheControl = "no-store"; }   // an early miss must not stick in a cache
        return HttpMethods.IsHead(context.Request.Method) ? Task.CompletedTask : response.Body.WriteAsync(bytes, context.RequestAborted).AsTask();
    }

    /// <summary>The error as the result of an endpoint.</summary>
    /// <param name="status">HTTP status, 400 to 599.</param>
    /// <param name="message">One sentence for people.</param>
    /// <param name="error">A code more exact than the status's own.</param>
    public static IResult Result(int status, string message, string? error = null) => new ErrorResult(status, message, error);

    private static string CodeOf(int status) => status switch
    {
        StatusCodes.Status400BadRequest => "bad_request",
        StatusCodes.Status401Unauthorized => "unauthorized",
        StatusCodes.Status403Forbidden => "forbidden",
        StatusCodes.Status404NotFound => "not_found",
        StatusCodes.Status405MethodNotAllowed => "method_not_allowed",
        StatusCodes.Status406NotAcceptable => "not_acceptable",
        StatusCodes.Status409Conflict => "conflict",
        StatusCodes.Status413PayloadTooLarge => "payload_too_large",
        StatusCodes.Status415UnsupportedMediaType => "unsupported_media_type",
        StatusCodes.Status416RangeNotSatisfiable => "range_not_satisfiable",
        StatusCodes.Status429TooManyRequests => "too_many_requests",
        StatusCodes.Status500InternalServerError => "internal_error",
        StatusCodes.Status503ServiceUnavailable => "unavailable",
        _ => status < StatusCodes.Status500InternalServerError ? "bad_request" : "internal_error",
    };

    private static string MessageOf(int status) => status switch
    {
        StatusCodes.Status404NotFound => "There is nothing at this address.",
        StatusCodes.Status405MethodNotAllowed => "This address does not take that method; see Allow.",
        StatusCodes.Status413PayloadTooLarge => "The body is too large.",
        StatusCodes.Status415UnsupportedMediaType => "The body has a type that is not accepted here; use application/json.",
        StatusCodes.Status503ServiceUnavailable => "The server cannot answer now; try again.",
        < StatusCodes.Status500InternalServerError => "The request cannot be understood.",
        _ => "The server failed to answer; its log says why.",
    };

    private sealed class ErrorResult(int status, string message, string? error) : IResult
    {
        public Task ExecuteAsync(HttpContext httpContext) => WriteAsync(httpContext, status, message, error);
    }
}

/// <summary>JSON of this project's own answers.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ApiError))]
[JsonSerializable(typeof(Health.HealthAnswer))]
[JsonSerializable(typeof(Health.VersionAnswer))]
internal sealed partial class DefaultsJson : JsonSerializerContext
{
    /// <summary>With quotation marks as they are: the answers are served as application/json, never as part of a page.</summary>
    public static DefaultsJson Readable { get; } = new(new JsonSerializerOptions
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });
}
