using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Http.Features;
using Mirror.ServiceDefaults.Http;
using Mirror.Streams.Feed;

namespace Mirror.IngestNode.Feed;

/// <summary><c>GET /internal/streams/{id}/feed</c>: a stream's access units, from a random access point on, as they come and as long as it lives.</summary>
internal static class FeedEndpoints
{
    /// <summary>How often a reader hears that the sender lives while there is nothing else to say.</summary>
    public static readonly TimeSpan AliveInterval = TimeSpan.FromMilliseconds(500);

    private const int FlushBytes = 256 * 1024;

    public static void MapFeed(this RouteGroupBuilder group) => group.MapGet("/streams/{id}/feed", GetFeedAsync);

    // after: RFC 3339 time up to which the reader has the stream.
    private static async Task<IResult> GetFeedAsync(string id, HttpContext context, FeedHub hub, TimeProvider time, IHostApplicationLifetime lifetime, string? after = null)
    {
        DateTime? from = null;
        if (after is not null)
        {
            if (!DateTime.TryParse(after, CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal | DateTimeStyles.AssumeUniversal, out DateTime parsed))
            {
                return ApiError.Result(400, "after is a time such as 2026-01-31T12:00:00.000Z.");
            }
            from = parsed;
        }
        using FeedSubscription? subscription = hub.Find(id)?.Subscribe(from);
        if (subscription is null) { return ApiError.Result(404, $"Stream '{id}' is not published here."); }
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, lifetime.ApplicationStopping);
        context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        context.Response.ContentType = "video/mp4";
        context.Response.Headers.CacheControl = "no-store";
        try { await SendAsync(subscription, context.Response.BodyWriter, time, stop.Token); }
        catch (OperationCanceledException) { /* the reader went away, or this node stops */ }
        return Results.Empty;
    }

    private static async Task SendAsync(FeedSubscription subscription, PipeWriter output, TimeProvider time, CancellationToken cancellationToken)
    {
        var writer = new FeedWriter(output, time);
        writer.Declare(subscription.KnownTracks);
        Task<bool> more = subscription.Items.WaitToReadAsync(cancellationToken).AsTask();
        while (true)
        {
            await Task.WhenAny(more, Task.Delay(AliveInterval, time, cancellationToken));
            if (!more.IsCompleted) { writer.WriteAlive(); }
            else if (await more)
            {
                await SendQueuedAsync(subscription, writer, output, cancellationToken);
                more = subscription.Items.WaitToReadAsync(cancellationToken).AsTask();
            }
            else { return; }
            if ((await output.FlushAsync(cancellationToken)).IsCompleted) { return; }
        }
    }

    private static async ValueTask SendQueuedAsync(FeedSubscription subscription, FeedWriter writer, PipeWriter output, CancellationToken cancellationToken)
    {
        while (subscription.Items.TryRead(out FeedItem item))
        {
            switch (item.Kind)
            {
                case FeedItemKind.Layout: writer.WriteLayout(item.Layout); break;
                case FeedItemKind.Interrupted: writer.WriteInterrupted(); break;
                case FeedItemKind.Ended: writer.WriteEnded(); break;
                case FeedItemKind.Unit:
                    writer.WriteHeader(item.Unit!);
                    output.Write(item.Unit!.Payload.Span);
                    subscription.Done(item.Unit!);
                    break;
            }
            if (output.CanGetUnflushedBytes && output.UnflushedBytes > FlushBytes) { await output.FlushAsync(cancellationToken); }
        }
    }
}
