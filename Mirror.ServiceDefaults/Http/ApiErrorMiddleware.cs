using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Mirror.Streams.Shared;

namespace Mirror.ServiceDefaults.Http;

/// <summary>Gives every failed request an <see cref="ApiError"/>: exceptions, and answers of the framework that have no body (404, 405, 415…).</summary>
internal sealed partial class ApiErrorMiddleware(RequestDelegate next, ILogger<ApiErrorMiddleware> logger)
{
    private const int ClientClosedRequest = 499;   // for the log only: nobody is there to read it

    public async Task InvokeAsync(HttpContext context)
    {
        try
        {
            await next(context);
        }
        catch (Exception error) when (!context.Response.HasStarted)
        {
            await AnswerAsync(context, error);
            return;
        }
        HttpResponse response = context.Response;
        if (response.StatusCode >= StatusCodes.Status400BadRequest && !response.HasStarted && response.ContentLength is null && response.ContentType is null)
        {
            await ApiError.WriteAsync(context, response.StatusCode);
        }
    }

    private Task AnswerAsync(HttpContext context, Exception error)
    {
        switch (error)
        {
            case OperationCanceledException when context.RequestAborted.IsCancellationRequested:
                context.Response.StatusCode = ClientClosedRequest;
                return Task.CompletedTask;
            case BadHttpRequestException { InnerException: JsonException json }:
                return ApiError.WriteAsync(context, StatusCodes.Status400BadRequest, $"The body is not the JSON expected here{PlaceOf(json)}.");
            case BadHttpRequestException bad:
                return ApiError.WriteAsync(context, bad.StatusCode, bad.Message);
            case JsonException json:
                return ApiError.WriteAsync(context, StatusCodes.Status400BadRequest, $"The body is not the JSON expected here{PlaceOf(json)}.");
            case SharedStateException away:
                LogAway(context.Request.Method, context.Request.Path.Value, away.Message);
                return ApiError.WriteAsync(context, StatusCodes.Status503ServiceUnavailable, "What nodes share cannot be reached now; try again.");
            default:
                LogFailed(context.Request.Method, context.Request.Path.Value, error);
                return ApiError.WriteAsync(context, StatusCodes.Status500InternalServerError);
        }
    }

    private static string PlaceOf(JsonException error)
        => error.Path is null or "$" ? "" : $", at {error.Path}";

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Method} {Path}: {Reason}")]
    private partial void LogAway(string method, string? path, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Method} {Path} failed")]
    private partial void LogFailed(string method, string? path, Exception error);
}
