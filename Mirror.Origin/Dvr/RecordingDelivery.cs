using Mirror.Media.Frames;
using Mirror.Origin.Delivery;
using Mirror.Origin.Live;
using Mirror.ServiceDefaults.Http;
using Mirror.Streams.Recordings;

namespace Mirror.Origin.Dvr;

/// <summary>Serves recordings: playlists from the index, media from the archive. Any origin serves any recording.</summary>
internal sealed partial class RecordingDelivery(RecordingCatalog catalog, IRecordingArchive archive, OriginMetrics metrics, ILogger<RecordingDelivery> logger)
{
    private const string UnknownRecording = "There is no such recording: GET /api/v1/recordings lists those that there are.";
    private const string UnknownRendition = "The recording has no such rendition.";
    private const string UnknownMedia = "The recording does not have this: it was lost, deleted by retention, or never listed.";
    private const string NothingYet = "The recording has nothing to play yet.";
    private const string ArchiveFailed = "The archive of recordings did not answer.";
    private const string SegmentSuffix = ".m4s";
    private const int MaxAgeOfComplete = 10;                 // seconds: one that is complete can still be deleted
    private static readonly KeyValuePair<string, object?> KindOfPlaylist = new("kind", "RecordingPlaylist");
    private static readonly KeyValuePair<string, object?> KindOfMedia = new("kind", "RecordingMedia");
    private readonly RecordingTexts _texts = new();

    /// <summary>Answers a request for the multivariant playlist.</summary>
    public Task SendMultivariantAsync(HttpContext context, RecordingKey key) => GuardAsync(context, async () =>
    {
        metrics.Requests.Add(1, KindOfPlaylist);
        if (await catalog.OpenAsync(key, context.RequestAborted) is not { } recording) { await LiveFailure.NotFoundAsync(context, UnknownRecording); }
        else if (_texts.Multivariant(recording) is { } text) { await SendTextAsync(context, text); }
        else { await LiveFailure.UnavailableAsync(context, NothingYet); }
    });

    /// <summary>Answers a request for a rendition's playlist.</summary>
    public Task SendPlaylistAsync(HttpContext context, RecordingKey key, string rendition) => GuardAsync(context, async () =>
    {
        metrics.Requests.Add(1, KindOfPlaylist);
        if (await catalog.OpenAsync(key, context.RequestAborted) is not { } recording) { await LiveFailure.NotFoundAsync(context, UnknownRecording); }
        else if (_texts.Media(recording, rendition) is { } text) { await SendTextAsync(context, text); }
        else { await LiveFailure.NotFoundAsync(context, UnknownRendition); }
    });

    /// <summary>Answers a request for a segment or an initialization segment.</summary>
    public Task SendMediaAsync(HttpContext context, RecordingKey key, string rendition, string file) => GuardAsync(context, async () =>
    {
        metrics.Requests.Add(1, KindOfMedia);
        if (await catalog.OpenAsync(key, context.RequestAborted) is not { } recording)
        {
            await LiveFailure.NotFoundAsync(context, UnknownRecording);
            return;
        }
        (int? length, bool isVideo) = recording.Read(index => Find(index, rendition, file));
        if (length is not { } whole)
        {
            await LiveFailure.NotFoundAsync(context, UnknownMedia);
            return;
        }
        await SendFileAsync(context, key, $"{rendition}/{file}", whole, isVideo);
    });

    /// <summary>The length of a file that the index knows.</summary>
    private static (int? Length, bool IsVideo) Find(RecordingIndex index, string rendition, string file)
    {
        if (index.Find(rendition) is not { } found) { return default; }
        int? length = found.FindInit(file)?.Length ?? (TryParseSegment(file, out long msn) && found.Find(msn) is { IsGap: false } segment ? segment.Length : null);
        return (length, found.IsVideo);
    }

    private static bool TryParseSegment(ReadOnlySpan<char> file, out long msn)
    {
        msn = 0;
        return file.EndsWith(SegmentSuffix) && DeliveryDirectives.TryParseNumber(file[..^SegmentSuffix.Length], out msn) && (file[0] != '0' || file.Length == 1 + SegmentSuffix.Length);
    }

    private async Task SendFileAsync(HttpContext context, RecordingKey key, string file, int length, bool isVideo)
    {
        HttpResponse response = context.Response;
        RangeAnswer answer = ByteRange.Parse(context.Request.Headers.Range, length, out ByteRange range);
        if (answer == RangeAnswer.NotSatisfiable)
        {
            await LiveFailure.RangeNotSatisfiableAsync(context, length);
            return;
        }
        bool isHead = HttpMethods.IsHead(context.Request.Method);
        MediaBuffer? bytes = isHead ? null : await archive.ReadAsync(key, file, range.Offset, (int)range.Length, context.RequestAborted);
        if (bytes is null && !isHead)
        {
            await LiveFailure.NotFoundAsync(context, UnknownMedia);
            return;
        }
        IHeaderDictionary headers = response.Headers;
        if (answer == RangeAnswer.Partial)
        {
            response.StatusCode = StatusCodes.Status206PartialContent;
            headers.ContentRange = $"bytes {range.Offset}-{range.Offset + range.Length - 1}/{length}";
        }
        headers.ContentType = isVideo ? LiveHeaders.VideoType : LiveHeaders.AudioType;
        headers.CacheControl = LiveHeaders.Immutable;
        headers.AcceptRanges = LiveHeaders.Bytes;
        SetOrigin(headers);
        if (bytes is null) { response.ContentLength = range.Length; }
        else { await ResponseBody.WriteAndReleaseAsync(context, bytes, new ByteRange(0, bytes.Length)); }
    }

    private static Task SendTextAsync(HttpContext context, RecordingText text)
    {
        bool gzip = LiveHeaders.AcceptsGzip(context.Request.Headers.AcceptEncoding);
        IHeaderDictionary headers = context.Response.Headers;
        headers.ContentType = LiveHeaders.PlaylistType;
        headers.CacheControl = text.IsComplete ? LiveHeaders.MaxAge(MaxAgeOfComplete) : LiveHeaders.NoCache;
        headers.Vary = LiveHeaders.AcceptEncoding;
        headers.AcceptRanges = LiveHeaders.None;
        SetOrigin(headers);
        if (gzip) { headers.ContentEncoding = LiveHeaders.Gzip; }
        return ResponseBody.WriteAsync(context, gzip ? text.GzipText : text.Text);
    }

    private static void SetOrigin(IHeaderDictionary headers)
    {
        CrossOrigin.AllowReading(headers);
    }

    /// <summary>An archive that is away costs its viewers an answer, nothing more.</summary>
    private async Task GuardAsync(HttpContext context, Func<Task> answer)
    {
        try { await answer(); }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested) { }
        catch (Exception error) when (!context.Response.HasStarted)
        {
            LogFailed(context.Request.Path.Value, error.Message.Split('\n')[0]);
            await LiveFailure.UnavailableAsync(context, ArchiveFailed);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Path} could not be served: {Reason}")]
    private partial void LogFailed(string? path, string reason);
}
