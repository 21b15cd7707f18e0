using Mirror.Origin.Live;
using Mirror.ServiceDefaults.Http;
using Mirror.Streams.Registry;

namespace Mirror.Origin.Delivery;

/// <summary>Serves everything below <c>/live/</c>. A request for what is at hand runs to its end without a task, a closure or a string of its own.</summary>
/// <remarks>The parts are <see cref="PlaylistDelivery"/> and <see cref="MediaDelivery"/>; here the path is read and the stream found.</remarks>
internal sealed class LiveDelivery(LiveStreams streams, PlaylistDelivery playlists, MediaDelivery media, OriginMetrics metrics)
{
    private const string UnknownPath = "There is nothing at this path: see /live/{stream}/playlist.m3u8.";
    private const string UnknownStream = "No such stream is live.";
    private const string UnknownRendition = "The stream has no such rendition.";
    private static readonly KeyValuePair<string, object?>[] Kinds =
        [.. Enum.GetValues<LiveResource>().Select(resource => new KeyValuePair<string, object?>("kind", resource.ToString()))];

    /// <summary>Answers a request whose path starts with <see cref="LivePath.Prefix"/>.</summary>
    public Task HandleAsync(HttpContext context)
    {
        string method = context.Request.Method;
        if (!HttpMethods.IsGet(method) && !HttpMethods.IsHead(method)) { return AnswerOtherMethod(context, method); }
        if (!LivePath.TryParse(context.Request.Path.Value, out LivePath path)) { return LiveFailure.NotFoundAsync(context, UnknownPath); }
        metrics.Requests.Add(1, Kinds[(int)path.Resource]);
        if (!streams.TryFind(path.Stream, out StreamTimeline? stream))
        {
            bool isPlaylist = path.Resource is LiveResource.MultivariantPlaylist or LiveResource.MediaPlaylist;
            return isPlaylist ? FindThenSendPlaylistAsync(context, path.Stream.ToString(), path.Rendition.ToString()) : LiveFailure.NotFoundAsync(context, UnknownStream);
        }
        if (path.Resource == LiveResource.MultivariantPlaylist) { return SendMultivariantAsync(context, stream!); }
        RenditionTimeline? rendition = stream!.Find(path.Rendition);
        if (rendition is null)
        {
            return path.Resource == LiveResource.MediaPlaylist
                ? FindThenSendPlaylistAsync(context, path.Stream.ToString(), path.Rendition.ToString())
                : LiveFailure.NotFoundAsync(context, UnknownRendition);
        }
        return path.Resource switch
        {
            LiveResource.MediaPlaylist => playlists.SendMediaAsync(context, rendition),
            LiveResource.Part => media.SendPartAsync(context, rendition, path.Msn, path.PartIndex),
            LiveResource.Segment => media.SendSegmentAsync(context, rendition, path.Msn),
            LiveResource.CurrentInit => media.SendCurrentInitAsync(context, rendition),
            _ => media.SendInitAsync(context, rendition, path.File),
        };
    }

    private static Task AnswerOtherMethod(HttpContext context, string method)
        => HttpMethods.IsOptions(method) ? CrossOrigin.AnswerOptionsAsync(context) : LiveFailure.MethodNotAllowedAsync(context);

    private async Task SendMultivariantAsync(HttpContext context, StreamTimeline stream)
    {
        (_, StreamRecord? record) = await streams.FindAsync(stream.Name, context.RequestAborted);
        await playlists.SendMultivariantAsync(context, stream, record);
    }

    // The stream may have been accepted a moment ago, or one of its renditions may be about to begin: known streams are waited for.
    private async Task FindThenSendPlaylistAsync(HttpContext context, string streamName, string renditionName)
    {
        (StreamTimeline? stream, StreamRecord? record) = await streams.FindAsync(streamName, context.RequestAborted);
        if (stream is null)
        {
            await LiveFailure.NotFoundAsync(context, UnknownStream);
            return;
        }
        if (renditionName.Length == 0)
        {
            await playlists.SendMultivariantAsync(context, stream, record);
            return;
        }
        WaitOutcome outcome = await playlists.WaitAsync(stream, waiting => waiting.Find(renditionName) is not null || waiting.IsComplete(record), context.RequestAborted);
        if (stream.Find(renditionName) is { } rendition) { await playlists.SendMediaAsync(context, rendition); }
        else if (outcome == WaitOutcome.Refused) { await LiveFailure.UnavailableAsync(context, PlaylistDelivery.TooManyWaiting); }
        else { await LiveFailure.NotFoundAsync(context, UnknownRendition); }
    }
}
