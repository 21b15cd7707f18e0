using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;
using Mirror.ServiceDefaults.Http;
using Mirror.Streams;
using Mirror.Streams.Registry;
using Mirror.Streams.Transcoding;

namespace Mirror.Functions.Control;

/// <summary><c>/api/v1/streams</c>: what is live, and stopping it.</summary>
[Tags("streams")]
internal sealed class StreamFunctions(KnownStreams streams, IStreamRegistry registry, TimeProvider time, ITranscodeNode? transcoder = null)
{
    private const int DefaultLimit = 100;
    private const int LargestLimit = 1000;

    [Function("ListStreams")]
    [EndpointSummary("Lists streams, by name")]
    [ProducesResponseType<StreamListAnswer>(StatusCodes.Status200OK)]
    [ProducesResponseType<ApiError>(StatusCodes.Status400BadRequest)]
    public async Task<IResult> ListAsync([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "api/v1/streams")] HttpRequest request, CancellationToken cancellationToken,
        string? status = null, string? type = null, string? limit = null, string? offset = null)
    {
        if (!TryReadPage(limit, DefaultLimit, out int most) || most > LargestLimit) { return ApiError.Result(400, $"limit is a whole number from 0 to {LargestLimit}."); }
        if (!TryReadPage(offset, 0, out int skip)) { return ApiError.Result(400, "offset is a whole number from 0."); }
        if (status is not null && !Enum.TryParse(status, ignoreCase: true, out StreamStatus _))
        {
            return ApiError.Result(400, $"status is one of {string.Join(", ", Enum.GetValues<StreamStatus>().Select(StreamAnswer.NameOf))}.");
        }
        (StreamRecord Record, TranscodeState? Transcode)[] matching = [.. (await streams.ListAsync(cancellationToken))
            .Where(record => type is null || record.Type.Equals(type, StringComparison.OrdinalIgnoreCase))
            .Select(record => (Record: record, Transcode: transcoder?.StateOf(record.Id)))
            .Where(stream => status is null || StreamAnswer.NameOf(StreamAnswer.StatusOf(stream.Record, stream.Transcode).Status).Equals(status, StringComparison.OrdinalIgnoreCase))];
        StreamAnswer[] page = [.. matching.Skip(skip).Take(most).Select(stream => StreamAnswer.Of(stream.Record, stream.Transcode))];
        return Json(new StreamListAnswer(page, matching.Length, time.GetUtcNow().UtcDateTime));
    }

    [Function("GetStream")]
    [EndpointSummary("One stream")]
    [ProducesResponseType<StreamAnswer>(StatusCodes.Status200OK)]
    [ProducesResponseType<ApiError>(StatusCodes.Status404NotFound)]
    public async Task<IResult> GetAsync([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "api/v1/streams/{id}")] HttpRequest request, string id, CancellationToken cancellationToken)
        => await streams.FindAsync(id, cancellationToken) is { } record ? Json(StreamAnswer.Of(record, transcoder?.StateOf(id))) : Unknown(id);

    [Function("GetStreamStats")]
    [EndpointSummary("Counters and gauges of one stream")]
    [ProducesResponseType<StreamStatsReply>(StatusCodes.Status200OK)]
    [ProducesResponseType<ApiError>(StatusCodes.Status404NotFound)]
    public async Task<IResult> GetStatsAsync([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "api/v1/streams/{id}/stats")] HttpRequest request, string id, CancellationToken cancellationToken)
        => await streams.FindAsync(id, cancellationToken) is { } record
            ? Json(new StreamStatsReply(id, StreamStatsAnswer.Of(record), time.GetUtcNow().UtcDateTime))
            : Unknown(id);

    [Function("StopStream")]
    [EndpointSummary("Disconnects the publisher and ends the stream")]
    [ProducesResponseType<MessageAnswer>(StatusCodes.Status200OK)]
    [ProducesResponseType<ApiError>(StatusCodes.Status404NotFound)]
    public async Task<IResult> StopAsync([HttpTrigger(AuthorizationLevel.Anonymous, "delete", Route = "api/v1/streams/{id}")] HttpRequest request, string id, CancellationToken cancellationToken)
        => StreamId.IsValid(id) && await registry.SendAsync(new StreamCommand(id, StreamAction.Stop), cancellationToken)
            ? Json(new MessageAnswer($"Stream '{id}' is being stopped.", time.GetUtcNow().UtcDateTime))
            : Unknown(id);

    internal static IResult Unknown(string id)
        => ApiError.Result(404, StreamId.IsValid(id) ? $"There is no stream '{id}'. GET /api/v1/streams lists those that are live." : $"That is no stream name: {StreamId.Rule}.");

    private static bool TryReadPage(string? text, int otherwise, out int value)
    {
        value = otherwise;
        return text is null || (int.TryParse(text, out value) && value >= 0);
    }

    private static JsonHttpResult<T> Json<T>(T value) => TypedResults.Json(value, ControlJson.Default);
}
