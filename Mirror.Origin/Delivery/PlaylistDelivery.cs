using Mirror.Origin.Live;
using Mirror.ServiceDefaults.Http;
using Mirror.Streams.Registry;

namespace Mirror.Origin.Delivery;

/// <summary>Serves playlists, at once or when what was asked for has come (draft-pantos-hls-rfc8216bis §6.2.5).</summary>
internal sealed class PlaylistDelivery(LiveStreams streams, OriginMetrics metrics, TimeProvider time)
{
    public const string TooManyWaiting = "Too many requests wait for media already.";
    private const string BadDirectives = "_HLS_msn and _HLS_part are decimal numbers, given once, and _HLS_part needs _HLS_msn.";
    private const string TooFarAhead = "The request is for media too far in the future.";
    private const string NothingNew = "Nothing new was published in time.";
    private const string NotYet = "The stream has nothing to play yet.";

    /// <summary>Answers a request for a media playlist.</summary>
    public Task SendMediaAsync(HttpContext context, RenditionTimeline rendition)
    {
        PlaylistVersion version = rendition.Current;
        bool isValid = DeliveryDirectives.TryParse(context.Request.QueryString.Value, out DeliveryDirectives directives);
        if (version.Position.IsEnded) { return SendVersion(context, rendition, version, default); }
        if (!isValid) { return LiveFailure.BadRequestAsync(context, BadDirectives); }
        return version.Position.Answer(directives, out AwaitedMedia awaited) switch
        {
            ReloadAnswer.Now => SendVersion(context, rendition, version, directives),
            ReloadAnswer.BadRequest => LiveFailure.BadRequestAsync(context, TooFarAhead),
            _ => SendWhenReadyAsync(context, rendition, awaited, directives),
        };
    }

    /// <summary>Answers a request for the multivariant playlist, waiting while the stream's renditions are still beginning.</summary>
    public async Task SendMultivariantAsync(HttpContext context, StreamTimeline stream, StreamRecord? record)
    {
        if (!stream.IsComplete(record))
        {
            WaitOutcome outcome = await WaitAsync(stream, waiting => waiting.IsComplete(record), context.RequestAborted);
            if (outcome == WaitOutcome.Aborted) { return; }
            // A rendition that was promised but does not come must not hide those that play.
            if (outcome != WaitOutcome.Ready && !stream.IsPlayable)
            {
                await LiveFailure.UnavailableAsync(context, outcome == WaitOutcome.Refused ? TooManyWaiting : NotYet);
                return;
            }
        }
        MultivariantVersion version = stream.GetMultivariant();
        bool gzip = LiveHeaders.AcceptsGzip(context.Request.Headers.AcceptEncoding);
        IHeaderDictionary headers = context.Response.Headers;
        headers.CacheControl = LiveHeaders.MultivariantMaxAge;
        await SendText(context, gzip ? version.GzipText : version.Text, gzip);
    }

    /// <summary>Waits until <paramref name="condition"/> holds, at most as long as a blocking reload may take.</summary>
    public async Task<WaitOutcome> WaitAsync(StreamTimeline stream, Func<StreamTimeline, bool> condition, CancellationToken viewer)
    {
        if (!streams.Parking.TryEnter()) { return WaitOutcome.Refused; }
        try
        {
            long start = time.GetTimestamp();
            while (!streams.IsStopping)
            {
                Task changed = stream.Changed.Next();
                if (condition(stream)) { return WaitOutcome.Ready; }
                TimeSpan left = stream.BlockLimit - time.GetElapsedTime(start);
                if (left <= TimeSpan.Zero) { return WaitOutcome.TimedOut; }
                await changed.WaitAsync(left, time, viewer);
            }
            return WaitOutcome.Refused;
        }
        catch (TimeoutException) { return WaitOutcome.TimedOut; }
        catch (OperationCanceledException) { return WaitOutcome.Aborted; }
        finally { streams.Parking.Leave(); }
    }

    private async Task SendWhenReadyAsync(HttpContext context, RenditionTimeline rendition, AwaitedMedia awaited, DeliveryDirectives directives)
    {
        switch (await rendition.Waiters.WaitAsync(awaited, FormFor(context, directives), context.RequestAborted))
        {
            case WaitOutcome.Ready:
                await SendVersion(context, rendition, rendition.Current, directives);
                break;
            case WaitOutcome.TimedOut:
                await LiveFailure.UnavailableAsync(context, NothingNew);
                break;
            case WaitOutcome.Refused:
                await LiveFailure.UnavailableAsync(context, TooManyWaiting);
                break;
        }
    }

    private Task SendVersion(HttpContext context, RenditionTimeline rendition, PlaylistVersion version, DeliveryDirectives directives)
    {
        // It never began, and may begin anew: a playlist that is closed and empty would be the end for a player.
        if (version.Position is { IsEnded: true, HasMedia: false }) { return LiveFailure.UnavailableAsync(context, NotYet); }
        PlaylistForm form = FormFor(context, version.Position.IsEnded ? default : directives);
        // A URL that names the state asked for has one answer for all; the plain one changes with every part.
        context.Response.Headers.CacheControl = directives.Msn is null ? LiveHeaders.NoCache : LiveHeaders.MaxAge(rendition.ReloadMaxAgeSeconds);
        return SendText(context, version.GetText(form, metrics), form is PlaylistForm.FullGzip or PlaylistForm.DeltaGzip);
    }

    private static PlaylistForm FormFor(HttpContext context, DeliveryDirectives directives)
    {
        bool gzip = LiveHeaders.AcceptsGzip(context.Request.Headers.AcceptEncoding);
        if (directives.Skip == SkipDirective.None) { return gzip ? PlaylistForm.FullGzip : PlaylistForm.Full; }
        return gzip ? PlaylistForm.DeltaGzip : PlaylistForm.Delta;
    }

    private static Task SendText(HttpContext context, byte[] text, bool gzip)
    {
        HttpResponse response = context.Response;
        IHeaderDictionary headers = response.Headers;
        headers.ContentType = LiveHeaders.PlaylistType;
        headers.Vary = LiveHeaders.AcceptEncoding;
        headers.Age = LiveHeaders.AgeZero;
        headers.AcceptRanges = LiveHeaders.None;
        CrossOrigin.AllowReading(headers);
        if (gzip) { headers.ContentEncoding = LiveHeaders.Gzip; }
        return ResponseBody.WriteAsync(context, text);
    }
}
