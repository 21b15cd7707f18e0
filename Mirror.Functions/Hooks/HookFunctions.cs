using System.Text.Json;
using Azure.Messaging;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;
using Mirror.Functions.Control;
using Mirror.ServiceDefaults.Http;
using Mirror.Streams.Documents;
using Mirror.Streams.Events;

namespace Mirror.Functions.Hooks;

/// <summary><c>/api/v1/hooks</c>: who gets which events.</summary>
[Tags("hooks")]
internal sealed class HookFunctions(HookStore store, HookDeliveries deliveries, WaitingDeliveries waiting, HookCounts counts, HookClient client, HooksOptions options, TimeProvider time)
{
    private const string Rule = "url is an http or https address; secret has 16 to 256 ASCII characters; events are types such as stream.started, groups such as stream.*, or *; "
        + "streams are names, or beginnings such as studio-*. What is left out gets its default.";

    [Function("ListHooks")]
    [EndpointSummary("Lists webhooks, from the oldest")]
    [ProducesResponseType<HookListAnswer>(StatusCodes.Status200OK)]
    public async Task<IResult> ListAsync([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "api/v1/hooks")] HttpRequest request, CancellationToken cancellationToken)
    {
        IReadOnlyDictionary<string, int> queued = await waiting.CountAsync(Delivery.Folder, cancellationToken);
        var answers = new List<HookAnswer>();
        foreach (Hook hook in (await store.ListAsync(cancellationToken)).Values.OrderBy(hook => hook.CreatedAt).ThenBy(hook => hook.Id, StringComparer.Ordinal))
        {
            answers.Add(HookAnswer.Of(hook, await counts.FindAsync(hook.Id, cancellationToken), queued.GetValueOrDefault(hook.Id)));
        }
        return Json(new HookListAnswer(answers, answers.Count, Now));
    }

    [Function("CreateHook")]
    [EndpointSummary("Makes a webhook")]
    [EndpointDescription(Rule)]
    [Consumes(typeof(HookRequest), "application/json")]
    [ProducesResponseType<HookAnswer>(StatusCodes.Status201Created)]
    [ProducesResponseType<ApiError>(StatusCodes.Status400BadRequest)]
    [ProducesResponseType<ApiError>(StatusCodes.Status409Conflict)]
    public async Task<IResult> CreateAsync([HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "api/v1/hooks")] HttpRequest request, CancellationToken cancellationToken)
    {
        string id = Guid.NewGuid().ToString("N")[..12];
        (Hook? hook, string? fault) = await ReadAsync(request, before: null, id, cancellationToken);
        if (hook is null) { return ApiError.Result(400, fault!); }
        if ((await store.ListAsync(cancellationToken)).Count >= HookStore.Most) { return ApiError.Result(409, $"There are {HookStore.Most} webhooks already, and no more are kept. Remove one first."); }
        if (!await store.PutAsync(hook, Document.None, cancellationToken)) { return Changed(id); }
        request.HttpContext.Response.Headers.Location = $"/api/v1/hooks/{id}";
        return TypedResults.Json(HookAnswer.Of(hook, new HookFigures(), 0), HookJson.Default, statusCode: StatusCodes.Status201Created);
    }

    [Function("GetHook")]
    [EndpointSummary("One webhook, and how its deliveries are doing")]
    [ProducesResponseType<HookAnswer>(StatusCodes.Status200OK)]
    [ProducesResponseType<ApiError>(StatusCodes.Status404NotFound)]
    public async Task<IResult> GetAsync([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "api/v1/hooks/{id}")] HttpRequest request, string id, CancellationToken cancellationToken)
        => await store.FindAsync(id, cancellationToken) is var (hook, _) ? await AnswerAsync(hook, cancellationToken) : Unknown(id);

    [Function("ReplaceHook")]
    [EndpointSummary("Changes a webhook as a whole; its secret and its headers stay where they are left out")]
    [EndpointDescription(Rule)]
    [Consumes(typeof(HookRequest), "application/json")]
    [ProducesResponseType<HookAnswer>(StatusCodes.Status200OK)]
    [ProducesResponseType<ApiError>(StatusCodes.Status400BadRequest)]
    [ProducesResponseType<ApiError>(StatusCodes.Status404NotFound)]
    [ProducesResponseType<ApiError>(StatusCodes.Status409Conflict)]
    public async Task<IResult> ReplaceAsync([HttpTrigger(AuthorizationLevel.Anonymous, "put", Route = "api/v1/hooks/{id}")] HttpRequest request, string id, CancellationToken cancellationToken)
    {
        if (await store.FindAsync(id, cancellationToken) is not var (before, eTag)) { return Unknown(id); }
        (Hook? hook, string? fault) = await ReadAsync(request, before, id, cancellationToken);
        if (hook is null) { return ApiError.Result(400, fault!); }
        return await store.PutAsync(hook, eTag, cancellationToken) ? await AnswerAsync(hook, cancellationToken) : Changed(id);
    }

    [Function("DeleteHook")]
    [EndpointSummary("Removes a webhook, and the events that wait for it")]
    [ProducesResponseType<MessageAnswer>(StatusCodes.Status200OK)]
    [ProducesResponseType<ApiError>(StatusCodes.Status404NotFound)]
    public async Task<IResult> DeleteAsync([HttpTrigger(AuthorizationLevel.Anonymous, "delete", Route = "api/v1/hooks/{id}")] HttpRequest request, string id, CancellationToken cancellationToken)
    {
        if (!await store.DeleteAsync(id, cancellationToken)) { return Unknown(id); }
        await deliveries.ForgetAsync(id, cancellationToken);
        return TypedResults.Json(new MessageAnswer($"Webhook '{id}' is removed.", Now), ControlJson.Default);
    }

    [Function("TestHook")]
    [EndpointSummary("Sends a test event at once, whatever the filters say, and tells what the receiver answered")]
    [ProducesResponseType<HookTestAnswer>(StatusCodes.Status200OK)]
    [ProducesResponseType<ApiError>(StatusCodes.Status404NotFound)]
    public async Task<IResult> TestAsync([HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "api/v1/hooks/{id}/test")] HttpRequest request, string id, CancellationToken cancellationToken)
    {
        if (await store.FindAsync(id, cancellationToken) is not var (hook, _)) { return Unknown(id); }
        byte[] data = JsonSerializer.SerializeToUtf8Bytes(new Dictionary<string, string> { ["hook"] = id, ["reason"] = "A test, asked for through the API." });
        var happened = new CloudEvent(StreamEvent.Source, EventTypes.Test, BinaryData.FromBytes(data), "application/json", CloudEventDataFormat.Json) { Id = Guid.NewGuid().ToString("N"), Time = time.GetUtcNow() };
        string delivery = Delivery.IdOf(id, happened);
        bool isBatch = hook.MaxBatch > 1;
        byte[] body = HookClient.BodyOf([HookDeliveries.Serialize(happened, hook)], isBatch);
        long started = time.GetTimestamp();
        HookReply reply = await client.SendAsync(hook, delivery, body, isBatch, attempt: 1, readBody: true, cancellationToken);
        return Json(new HookTestAnswer(reply.IsDelivered, reply.Status, reply.Error, reply.Body, Math.Round(time.GetElapsedTime(started).TotalMilliseconds, 1), delivery));
    }

    private DateTime Now => time.GetUtcNow().UtcDateTime;

    private async Task<IResult> AnswerAsync(Hook hook, CancellationToken cancellationToken)
    {
        IReadOnlyDictionary<string, int> queued = await waiting.CountAsync(Delivery.FolderOf(hook.Id), cancellationToken);
        return Json(HookAnswer.Of(hook, await counts.FindAsync(hook.Id, cancellationToken), queued.GetValueOrDefault(hook.Id)));
    }

    private async Task<(Hook? Hook, string? Fault)> ReadAsync(HttpRequest request, Hook? before, string id, CancellationToken cancellationToken)
    {
        HookRequest? asked;
        try { asked = await JsonSerializer.DeserializeAsync(request.Body, HookJson.Default.HookRequest, cancellationToken); }
        catch (JsonException error) { return (null, $"The body is no webhook{(error.Path is null or "$" ? "" : $", at {error.Path}")}: it is a JSON object, whose fields are {HookRequest.Fields}."); }
        if (asked is null) { return (null, $"The body is a webhook: a JSON object, whose fields are {HookRequest.Fields}."); }
        Hook hook = asked.Over(before, id, Now);
        return HookRules.FindFault(hook, options) is { } fault ? (null, fault) : (hook, null);
    }

    private static IResult Unknown(string id)
        => ApiError.Result(404, id.Length <= 64 ? $"There is no webhook '{id}'. GET /api/v1/hooks lists them." : "There is no such webhook. GET /api/v1/hooks lists them.");

    private static IResult Changed(string id) => ApiError.Result(409, $"Somebody else changed webhook '{id}' at the same moment. Read it, and try again.");

    private static JsonHttpResult<T> Json<T>(T value) => TypedResults.Json(value, HookJson.Default);
}
