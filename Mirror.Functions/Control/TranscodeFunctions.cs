using System.Globalization;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Net.Http.Headers;
using Mirror.ServiceDefaults.Http;
using Mirror.Streams.Transcoding;

namespace Mirror.Functions.Control;

/// <summary>What the transcode node shows: <c>/api/v1/transcoder/capabilities</c>, and a picture of each stream.</summary>
[Tags("streams")]
internal sealed class TranscodeFunctions(KnownStreams streams, ITranscodeNode? transcoder = null)
{
    private const int SmallestWidth = 16;
    private const int LargestWidth = 3_840;
    private const string NoNode = "This process has no transcode node; ask one that has, or run Mirror.Standalone.";
    private static readonly int[] Widths = [160, 320, 480, 640, 960, 1_280, 1_920];     // few, so that many viewers share each picture

    [Function("GetStreamImage")]
    [EndpointSummary("The newest key frame as a JPEG picture, at most a second old")]
    [EndpointDescription("width: pixels, 16 to 3840. The picture is the smallest of 160, 320, 480, 640, 960, 1280, 1920 that is at least as wide, "
        + "and never wider than the source; without it, or above them all, the source's own size.")]
    [ProducesResponseType(typeof(void), StatusCodes.Status200OK, "image/jpeg")]
    [ProducesResponseType(StatusCodes.Status304NotModified)]
    [ProducesResponseType<ApiError>(StatusCodes.Status400BadRequest)]
    [ProducesResponseType<ApiError>(StatusCodes.Status404NotFound)]
    [ProducesResponseType<ApiError>(StatusCodes.Status503ServiceUnavailable)]
    public async Task<IResult> GetImageAsync([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "api/v1/streams/{id}/iframe")] HttpRequest request, string id,
        CancellationToken cancellationToken, string? width = null)
    {
        if (!TryReadWidth(width, out int? wanted)) { return ApiError.Result(400, $"width is a whole number of pixels from {SmallestWidth} to {LargestWidth}."); }
        if (await streams.FindAsync(id, cancellationToken) is null) { return StreamFunctions.Unknown(id); }
        if (transcoder is null) { return ApiError.Result(503, NoNode); }
        if (await transcoder.GetImageAsync(id, wanted, cancellationToken) is not { } image)
        {
            request.HttpContext.Response.Headers.RetryAfter = "1";
            return ApiError.Result(503, $"Stream '{id}' has no picture yet: none of its key frames could be decoded so far.");
        }
        request.HttpContext.Response.Headers.CacheControl = "max-age=1";
        var tag = new EntityTagHeaderValue($"\"{image.ProgramTime.Ticks:x}-{wanted ?? 0}\"");
        return TypedResults.Bytes(image.Jpeg, "image/jpeg", entityTag: tag);
    }

    [Function("GetTranscoderCapabilities")]
    [EndpointSummary("What this node can decode and encode, on the CPU and on GPUs")]
    [ProducesResponseType<TranscodeCapabilities>(StatusCodes.Status200OK)]
    [ProducesResponseType<ApiError>(StatusCodes.Status503ServiceUnavailable)]
    public async Task<IResult> GetCapabilitiesAsync([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "api/v1/transcoder/capabilities")] HttpRequest request, CancellationToken cancellationToken)
        => transcoder is null
            ? ApiError.Result(503, NoNode)
            : TypedResults.Json(await transcoder.GetCapabilitiesAsync(cancellationToken), ControlJson.Default);

    private static bool TryReadWidth(string? text, out int? width)
    {
        width = null;
        if (text is null) { return true; }
        if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int wanted) || wanted is < SmallestWidth or > LargestWidth) { return false; }
        int index = Array.FindIndex(Widths, made => made >= wanted);
        width = index < 0 ? null : Widths[index];
        return true;
    }
}
