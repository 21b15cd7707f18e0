using System.Globalization;
using Mirror.ServiceDefaults.Cluster;
using Mirror.ServiceDefaults.Http;
using Mirror.Streams.Transcoding;

namespace Mirror.GpuTranscode.Intake;

/// <summary><c>GET /internal/streams/{id}/image</c>: a stream's newest key frame, for the node that was asked for it.</summary>
internal static class ImageEndpoints
{
    public static void MapImages(this RouteGroupBuilder group) => group.MapGet("/streams/{id}/image", GetImageAsync);

    private static async Task<IResult> GetImageAsync(string id, ITranscodeNode transcoder, HttpResponse response, CancellationToken cancellationToken, int? width = null)
    {
        if (await transcoder.GetImageAsync(id, width, cancellationToken) is not { } image) { return ApiError.Result(404, $"Stream '{id}' has no picture here."); }
        response.Headers[RemoteTranscoder.ProgramTimeHeader] = image.ProgramTime.Ticks.ToString(CultureInfo.InvariantCulture);
        return TypedResults.Bytes(image.Jpeg, "image/jpeg");
    }
}
