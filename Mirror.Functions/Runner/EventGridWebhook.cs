using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Azure.Messaging;
using Microsoft.Azure.Functions.Worker;
using Mirror.ServiceDefaults.Http;

namespace Mirror.Functions.Runner;

/// <summary><c>/runtime/webhooks/EventGrid?functionName=NAME&amp;code=KEY</c>: where a topic delivers events, as the host of Azure Functions has it, with the handshakes of both schemas.</summary>
internal static class EventGridWebhook
{
    public const string Path = "/runtime/webhooks/EventGrid";
    private const string RequestOrigin = "WebHook-Request-Origin";
    private const string RequestRate = "WebHook-Request-Rate";

    public static void MapEventGridWebhook(this IEndpointRouteBuilder app, FunctionsOptions options)
        => app.MapMethods(Path, ["OPTIONS", "POST"], (HttpContext context, CancellationToken cancellationToken) => HandleAsync(context, options, cancellationToken)).ExcludeFromDescription();

    private static async Task<IResult> HandleAsync(HttpContext context, FunctionsOptions options, CancellationToken cancellationToken)
    {
        HttpRequest request = context.Request;
        string given = request.Query["code"].ToString();
        bool isAdmitted = options.EventGridKey.Length > 0 && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(given), Encoding.UTF8.GetBytes(options.EventGridKey));
        if (!isAdmitted) { return ApiError.Result(401, "Events are taken from who knows the key functions.event_grid_key: send it as the parameter code."); }
        string name = request.Query["functionName"].ToString();
        FunctionDescription? function = FunctionDescription.All.FirstOrDefault(known => known.Name == name && known.TriggerOf<EventGridTriggerAttribute>() is not null);
        if (function is null) { return ApiError.Result(404, $"There is no function '{name}' that takes events."); }
        if (HttpMethods.IsOptions(request.Method)) { return AnswerHandshake(context); }
        BinaryData body = await BinaryData.FromStreamAsync(request.Body, cancellationToken);
        if (request.Headers["aeg-event-type"] == "SubscriptionValidation") { return AnswerValidation(body); }
        CloudEvent[] events;
        try { events = CloudEvent.ParseMany(body); }
        catch (Exception error) when (error is JsonException or ArgumentException or InvalidOperationException) { return ApiError.Result(400, "The body is no CloudEvent 1.0 in JSON, nor an array of them."); }
        await EventTriggers.InvokeAsync(function, events, context.RequestServices, cancellationToken);
        return TypedResults.StatusCode(StatusCodes.Status202Accepted);
    }

    /// <summary>The CloudEvents schema: HTTP webhooks 1.0 for CloudEvents, §4.</summary>
    private static IResult AnswerHandshake(HttpContext context)
    {
        if (context.Request.Headers[RequestOrigin].ToString() is not { Length: > 0 } origin) { return ApiError.Result(400, $"{RequestOrigin} is missing."); }
        IHeaderDictionary headers = context.Response.Headers;
        headers["WebHook-Allowed-Origin"] = origin;
        headers["WebHook-Allowed-Rate"] = context.Request.Headers[RequestRate] is { Count: > 0 } rate ? rate : "*";
        headers.Allow = "POST";
        return TypedResults.Ok();
    }

    /// <summary>The Event Grid schema: an array of one SubscriptionValidationEvent, whose code is sent back.</summary>
    private static IResult AnswerValidation(BinaryData body)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(body);
            JsonElement happened = document.RootElement[0];
            if (happened.GetProperty("eventType").GetString() == "Microsoft.EventGrid.SubscriptionValidationEvent"
                && happened.GetProperty("data").GetProperty("validationCode").GetString() is { Length: > 0 } code)
            {
                return TypedResults.Text(JsonSerializer.Serialize(new Dictionary<string, string> { ["validationResponse"] = code }), "application/json");
            }
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or KeyNotFoundException or IndexOutOfRangeException) { /* answered below */ }
        return ApiError.Result(400, "The body is no SubscriptionValidationEvent.");
    }
}
