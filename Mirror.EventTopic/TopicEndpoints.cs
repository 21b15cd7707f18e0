using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Net.Http.Headers;
using Mirror.ServiceDefaults.Http;

namespace Mirror.EventTopic;

/// <summary><c>POST /api/events</c>, as Event Grid has it, and <c>/subscriptions</c>, for which Azure has its resource manager.</summary>
internal static class TopicEndpoints
{
    public static void MapTopic(this IEndpointRouteBuilder app)
    {
        app.MapPost("/api/events", PublishAsync);
        app.MapGet("/subscriptions", List);
        app.MapPut("/subscriptions/{name}", SubscribeAsync);
        app.MapDelete("/subscriptions/{name}", UnsubscribeAsync);
    }

    private static async Task<IResult> PublishAsync(HttpRequest request, Topic topic, SasKey key)
    {
        if (!IsAdmitted(request, key)) { return ApiError.Result(401, "The request authorization key is not authorized: send aeg-sas-key or aeg-sas-token."); }
        string type = MediaTypeHeaderValue.TryParse(request.ContentType, out MediaTypeHeaderValue? given) ? given.MediaType.ToString() : "";
        bool isBatch = type.Equals(TopicEvent.BatchType, StringComparison.OrdinalIgnoreCase);
        if (!isBatch && !type.Equals(TopicEvent.SingleType, StringComparison.OrdinalIgnoreCase))
        {
            return ApiError.Result(415, $"This topic takes CloudEvents 1.0: {TopicEvent.BatchType}, or {TopicEvent.SingleType}.");
        }
        var body = new MemoryStream();
        await request.Body.CopyToAsync(body, request.HttpContext.RequestAborted);       // bounded by the server to 1 MiB
        (IReadOnlyList<TopicEvent> events, string? fault) = TopicEvent.Parse(body.GetBuffer().AsMemory(0, (int)body.Length), isBatch);
        if (fault is not null) { return ApiError.Result(400, fault); }
        topic.Publish(events);
        return TypedResults.Ok();
    }

    private static IResult List(HttpRequest request, Topic topic, SasKey key)
        => IsAdmitted(request, key) ? TypedResults.Json(topic.Queues.Select(SubscriptionAnswer.Of).ToArray(), TopicJson.Default.SubscriptionAnswerArray) : Forbidden;

    private static async Task<IResult> SubscribeAsync(string name, HttpRequest request, Topic topic, SasKey key, CancellationToken cancellationToken)
    {
        if (!IsAdmitted(request, key)) { return Forbidden; }
        Subscription? asked = await request.ReadFromJsonAsync(TopicJson.Default.Subscription, cancellationToken);
        if (asked is null) { return ApiError.Result(400, "The body is a subscription: {endpoints, included_event_types, subject_begins_with, subject_ends_with}."); }
        asked = asked with { Name = name };
        if (asked.FindFault() is { } fault) { return ApiError.Result(400, fault); }
        return await topic.SubscribeAsync(asked, cancellationToken) is { } objection ? ApiError.Result(400, objection, "validation_failed") : TypedResults.Json(asked, TopicJson.Default.Subscription);
    }

    private static async Task<IResult> UnsubscribeAsync(string name, HttpRequest request, Topic topic, SasKey key, CancellationToken cancellationToken)
    {
        if (!IsAdmitted(request, key)) { return Forbidden; }
        return await topic.UnsubscribeAsync(name, cancellationToken) ? TypedResults.NoContent() : ApiError.Result(404, $"There is no subscription '{name}'.");
    }

    private static IResult Forbidden => ApiError.Result(401, "Subscriptions are changed with the topic's key: send aeg-sas-key.");

    private static bool IsAdmitted(HttpRequest request, SasKey key) => key.Admits(request.Headers["aeg-sas-key"], request.Headers["aeg-sas-token"]);
}

/// <summary>A subscription, and how it does.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Endpoints">Its webhooks.</param>
/// <param name="Validated">One of them agreed to get events.</param>
/// <param name="Waiting">Events that it has yet to get.</param>
internal sealed record SubscriptionAnswer(string Name, IReadOnlyList<string> Endpoints, bool Validated, int Waiting)
{
    public static SubscriptionAnswer Of(DeliveryQueue queue) => new(queue.Subscription.Name, queue.Subscription.Endpoints, queue.IsValidated, queue.Count);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, RespectNullableAnnotations = true)]
[JsonSerializable(typeof(Subscription))]
[JsonSerializable(typeof(SubscriptionAnswer[]))]
internal sealed partial class TopicJson : JsonSerializerContext;
