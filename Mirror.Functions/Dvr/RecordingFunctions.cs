using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;
using Mirror.Functions.Control;
using Mirror.ServiceDefaults.Http;
using Mirror.Streams;
using Mirror.Streams.Recordings;

namespace Mirror.Functions.Dvr;

/// <summary><c>/api/v1/recordings</c>: what was recorded; and <c>/api/v1/streams/{id}/record</c>: what is to be.</summary>
[Tags("recordings")]
internal sealed class RecordingFunctions(RecordingCatalog catalog, RecordingWishes wishes, DvrRetention retention, RecordingFaults faults, TimeProvider time)
{
    private const int DefaultLimit = 100;
    private const int LargestLimit = 1000;

    [Function("ListRecordings")]
    [EndpointSummary("Lists recordings, the latest first")]
    [EndpointDescription("stream: of this stream alone. status: recording (degraded ones too), degraded or complete. limit: 0 to 1000, default 100. offset: how many to leave out.")]
    [ProducesResponseType<RecordingListAnswer>(StatusCodes.Status200OK)]
    [ProducesResponseType<ApiError>(StatusCodes.Status400BadRequest)]
    public async Task<IResult> ListAsync([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "api/v1/recordings")] HttpRequest request, CancellationToken cancellationToken,
        string? stream = null, string? status = null, string? limit = null, string? offset = null)
    {
        if (!TryReadPage(limit, DefaultLimit, out int most) || most > LargestLimit) { return ApiError.Result(400, $"limit is a whole number from 0 to {LargestLimit}."); }
        if (!TryReadPage(offset, 0, out int skip)) { return ApiError.Result(400, "offset is a whole number from 0."); }
        if (stream is not null && !StreamId.IsValid(stream)) { return ApiError.Result(400, $"That is no stream name: {StreamId.Rule}."); }
        if (status is not (null or RecordingAnswer.Running or RecordingAnswer.Degraded or RecordingAnswer.Complete))
        {
            return ApiError.Result(400, $"status is one of {RecordingAnswer.Running}, {RecordingAnswer.Degraded}, {RecordingAnswer.Complete}.");
        }
        RecordingSummary[] matching = [.. (await catalog.ListAsync(stream, cancellationToken))
            .Where(recording => status is null || IsOf(status, recording))
            .OrderByDescending(recording => recording.StartsAt).ThenBy(recording => recording.StreamId, StringComparer.Ordinal)];
        RecordingAnswer[] page = [.. matching.Skip(skip).Take(most).Select(Answer)];
        return Json(new RecordingListAnswer(page, matching.Length, matching.Sum(recording => recording.Bytes), time.GetUtcNow().UtcDateTime));
    }

    [Function("GetRecording")]
    [EndpointSummary("One recording")]
    [ProducesResponseType<RecordingAnswer>(StatusCodes.Status200OK)]
    [ProducesResponseType<ApiError>(StatusCodes.Status404NotFound)]
    public async Task<IResult> GetAsync([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "api/v1/recordings/{stream}/{recording}")] HttpRequest request, string stream, string recording,
        CancellationToken cancellationToken)
        => await catalog.FindAsync(new RecordingKey(stream, recording), cancellationToken) is { } summary ? Json(Answer(summary)) : Unknown(stream, recording);

    [Function("DeleteRecording")]
    [EndpointSummary("Deletes a recording that is complete")]
    [ProducesResponseType<MessageAnswer>(StatusCodes.Status200OK)]
    [ProducesResponseType<ApiError>(StatusCodes.Status404NotFound)]
    [ProducesResponseType<ApiError>(StatusCodes.Status409Conflict)]
    public async Task<IResult> DeleteAsync([HttpTrigger(AuthorizationLevel.Anonymous, "delete", Route = "api/v1/recordings/{stream}/{recording}")] HttpRequest request, string stream, string recording,
        CancellationToken cancellationToken)
    {
        if (await catalog.FindAsync(new RecordingKey(stream, recording), cancellationToken) is not { } summary) { return Unknown(stream, recording); }
        if (!summary.IsComplete) { return ApiError.Result(409, $"Recording '{summary.Key}' is still running: end it first with DELETE /api/v1/streams/{stream}/record."); }
        await retention.ExpireAsync(summary, "It was deleted through the API.", cancellationToken);
        return Json(new MessageAnswer($"Recording '{summary.Key}' is deleted.", time.GetUtcNow().UtcDateTime));
    }

    [Function("StartRecording")]
    [EndpointSummary("Records the stream from now on, and whenever it comes again")]
    [ProducesResponseType<MessageAnswer>(StatusCodes.Status200OK)]
    [ProducesResponseType<ApiError>(StatusCodes.Status400BadRequest)]
    public Task<IResult> StartAsync([HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "api/v1/streams/{id}/record")] HttpRequest request, string id, CancellationToken cancellationToken)
        => WishAsync(id, isWanted: true, $"Stream '{id}' is recorded from now on, or as soon as it is live.", cancellationToken);

    [Function("StopRecording")]
    [EndpointSummary("Completes the stream's recording, and records it no more")]
    [ProducesResponseType<MessageAnswer>(StatusCodes.Status200OK)]
    [ProducesResponseType<ApiError>(StatusCodes.Status400BadRequest)]
    public Task<IResult> StopAsync([HttpTrigger(AuthorizationLevel.Anonymous, "delete", Route = "api/v1/streams/{id}/record")] HttpRequest request, string id, CancellationToken cancellationToken)
        => WishAsync(id, isWanted: false, $"Stream '{id}' is recorded no more; a recording that ran is being completed.", cancellationToken);

    private async Task<IResult> WishAsync(string id, bool isWanted, string message, CancellationToken cancellationToken)
    {
        if (!StreamId.IsValid(id)) { return ApiError.Result(400, $"That is no stream name: {StreamId.Rule}."); }
        await wishes.PutAsync(id, isWanted, cancellationToken);
        return Json(new MessageAnswer(message, time.GetUtcNow().UtcDateTime));
    }

    private RecordingAnswer Answer(RecordingSummary summary) => RecordingAnswer.Of(summary, faults.ReasonOf(summary.StreamId));

    private bool IsOf(string status, RecordingSummary summary)
        => status == RecordingAnswer.Running ? !summary.IsComplete : RecordingAnswer.StatusOf(summary, faults.ReasonOf(summary.StreamId)) == status;

    private static IResult Unknown(string stream, string recording)
        => ApiError.Result(404, $"There is no recording '{recording}' of a stream '{stream}'. GET /api/v1/recordings lists those that there are.");

    private static bool TryReadPage(string? text, int otherwise, out int value)
    {
        value = otherwise;
        return text is null || (int.TryParse(text, out value) && value >= 0);
    }

    private static JsonHttpResult<T> Json<T>(T value) => TypedResults.Json(value, DvrJson.Default);
}
