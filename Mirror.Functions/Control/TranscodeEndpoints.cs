using System.Globalization;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Net.Http.Headers;
using Mirror.ServiceDefaults.Http;
using Mirror.Streams.Registry;
using Mirror.Streams.Transcoding;

namespace Mirror.Functions.Control;

/// <summary>What the transcode node shows: <c>/api/v1/transcoder/capabilities</c>, and a picture of each stream.</summary>
internal static class TranscodeEndpoints
{
    private const int SmallestWidth = 16;
    private const int LargestWidth = 3_840;
    private const string NoNode = "This process has no transcode node; ask one that has, or run Mirror.Standalone.";
    private static readonly int[] Widths = [160, 320, 480, 640, 960, 1_280, 1_920];     // few, so that many viewers share each picture

    public static void MapTranscoder(this RouteGroupBuilder api)
    {
        api.MapGet("/streams/{id}/iframe", GetImageAsync).WithSummary("The newest key frame as a JPEG picture, at most a second old")
            .WithDescription($"width: pixels, {SmallestWidth} to {LargestWidth}. The picture is the smallest of {string.Join(", ", Widths)} that is at least as wide, "
                + "and never wider than the source; without it, or above them all, the source's own size.")
            .Produces(StatusCodes.Status200OK, contentType: "image/jpeg").Produces(StatusCodes.Status304NotModified)
            .Produces<ApiError>(StatusCodes.Status400BadRequest).Produces<ApiError>(StatusCodes.Status404NotFound).Produces<ApiError>(StatusCodes.Status503ServiceUnavailable);
        api.MapGet("/transcoder/capabilities", GetCapabilitiesAsync).WithSummary("What this node can decode and encode, on the CPU and on GPUs")
            .Produces<TranscodeCapabilities>().Produces<ApiError>(StatusCodes.Status503ServiceUnavailable);
    }

    private static async Task<IResult> GetImageAsync(string id, IStreamRegistry registry, [FromServices] ITranscodeNode? transcoder, HttpResponse response,
        CancellationToken cancellationToken, string? width = null)
    {
        if (!TryReadWidth(width, out int? wanted)) { return ApiError.Result(400, $"width is a whole number of pixels from {SmallestWidth} to {LargestWidth}."); }
        if (await StreamEndpoints.FindAsync(id, registry, cancellationToken) is null) { return StreamEndpoints.Unknown(id); }
        if (transcoder is null) { return ApiError.Result(503, NoNode); }
        if (await transcoder.GetImageAsync(id, wanted, cancellationToken) is not { } image)
        {
            response.Headers.RetryAfter = "1";
            return ApiError.Result(503, $"Stream '{id}' has no picture yet: none of its key frames could be decoded so far.");
        }
        response.Headers.CacheControl = "max-age=1";
        var tag = new EntityTagHeaderValue($"\"{image.ProgramTime.Ticks:x}-{wanted ?? 0}\"");
        return TypedResults.Bytes(image.Jpeg, "image/jpeg", entityTag: tag);
    }

    private static async Task<IResult> GetCapabilitiesAsync([FromServices] ITranscodeNode? transcoder, CancellationToken cancellationToken)
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
