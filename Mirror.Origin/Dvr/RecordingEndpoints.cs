using Mirror.ServiceDefaults.Http;
using Mirror.Streams.Recordings;

namespace Mirror.Origin.Dvr;

/// <summary><c>/dvr/{stream}/{recording}/</c>: <c>playlist.m3u8</c>, and for each rendition <c>{rendition}/playlist.m3u8</c> with its media beside it.</summary>
internal static class RecordingEndpoints
{
    private static readonly string[] Methods = [HttpMethods.Get, HttpMethods.Head, HttpMethods.Options];

    public static void MapRecordings(this WebApplication app)
    {
        RecordingDelivery delivery = app.Services.GetRequiredService<RecordingDelivery>();
        RouteGroupBuilder dvr = app.MapGroup("/dvr/{stream}/{recording}");
        Map("/playlist.m3u8", context => delivery.SendMultivariantAsync(context, KeyOf(context)));
        Map("/{rendition}/playlist.m3u8", context => delivery.SendPlaylistAsync(context, KeyOf(context), ValueOf(context, "rendition")));
        Map("/{rendition}/{file}", context => delivery.SendMediaAsync(context, KeyOf(context), ValueOf(context, "rendition"), ValueOf(context, "file")));

        void Map(string path, RequestDelegate answer)
            => dvr.MapMethods(path, Methods, context => HttpMethods.IsOptions(context.Request.Method) ? CrossOrigin.AnswerOptionsAsync(context) : answer(context));
    }

    private static RecordingKey KeyOf(HttpContext context) => new(ValueOf(context, "stream"), ValueOf(context, "recording"));

    private static string ValueOf(HttpContext context, string name) => (string)context.GetRouteValue(name)!;
}
