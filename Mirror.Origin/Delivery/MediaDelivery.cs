using System.Buffers;
using Mirror.Media.Frames;
using Mirror.Origin.Live;
using Mirror.ServiceDefaults.Http;

namespace Mirror.Origin.Delivery;

/// <summary>Serves initialization segments, parts and segments.</summary>
internal sealed class MediaDelivery(StoreReader reader)
{
    private const string UnknownMedia = "This is neither listed nor announced, or no longer kept.";
    private const string MissingMedia = "This media was lost.";
    private const string AbandonedHint = "The announced part did not come into being.";
    private const string StoreFailed = "The segment store did not answer.";
    private const string NothingNew = "Nothing new was published in time.";

    /// <summary>Answers a request for a part: at once, or, for the one that the preload hint names, in one burst when it is complete.</summary>
    public Task SendPartAsync(HttpContext context, RenditionTimeline rendition, long msn, int index)
    {
        PlaylistVersion version = rendition.Current;
        LivePart? part = version.FindPart(msn, index);
        if (part is not null) { return SendAsync(context, rendition, part, isImmutable: true); }
        return version.Position.IsHinted(msn, index) ? SendHintedPartAsync(context, rendition, msn, index) : LiveFailure.NotFoundAsync(context, UnknownMedia);
    }

    /// <summary>Answers a request for a complete segment, from its parts.</summary>
    public Task SendSegmentAsync(HttpContext context, RenditionTimeline rendition, long msn)
    {
        LiveSegment? segment = rendition.Current.FindSegment(msn);
        if (segment is null) { return LiveFailure.NotFoundAsync(context, UnknownMedia); }
        return segment.IsGap ? LiveFailure.NotFoundAsync(context, MissingMedia) : SendPartsAsync(context, rendition, segment);
    }

    /// <summary>Answers a request for an initialization segment by its name, which stands for its content.</summary>
    public Task SendInitAsync(HttpContext context, RenditionTimeline rendition, ReadOnlySpan<char> name)
        => rendition.Current.FindInit(name) is { } init ? SendAsync(context, rendition, init, isImmutable: true) : LiveFailure.NotFoundAsync(context, UnknownMedia);

    /// <summary>Answers a request for whichever initialization segment is in force.</summary>
    public Task SendCurrentInitAsync(HttpContext context, RenditionTimeline rendition)
        => rendition.Current.Init is { } init ? SendAsync(context, rendition, init, isImmutable: false) : LiveFailure.NotFoundAsync(context, UnknownMedia);

    private async Task SendHintedPartAsync(HttpContext context, RenditionTimeline rendition, long msn, int index)
    {
        var awaited = new AwaitedMedia(AwaitedKind.HintedPart, msn, index);
        switch (await rendition.Waiters.WaitAsync(awaited, form: null, context.RequestAborted))
        {
            case WaitOutcome.Ready when rendition.Current.FindPart(msn, index) is { IsGap: false } part:
                await SendAsync(context, rendition, part, isImmutable: true);
                break;
            case WaitOutcome.Ready:
                await LiveFailure.NotFoundAsync(context, AbandonedHint);
                break;
            case WaitOutcome.TimedOut:
                await LiveFailure.UnavailableAsync(context, NothingNew);
                break;
            case WaitOutcome.Refused:
                await LiveFailure.UnavailableAsync(context, PlaylistDelivery.TooManyWaiting);
                break;
        }
    }

    private Task SendAsync(HttpContext context, RenditionTimeline rendition, CachedMedia media, bool isImmutable)
    {
        if (media is LivePart { IsGap: true }) { return LiveFailure.NotFoundAsync(context, MissingMedia); }
        ValueTask<MediaRead> read = media.ReadAsync(reader, CancellationToken.None);
        return read.IsCompletedSuccessfully
            ? SendRead(context, rendition, read.Result, isImmutable)
            : SendLaterAsync(context, rendition, read, isImmutable);
    }

    // The read itself is not cancelled with a viewer: it is bounded by the store's time limit, and others may share it.
    private static async Task SendLaterAsync(HttpContext context, RenditionTimeline rendition, ValueTask<MediaRead> read, bool isImmutable)
        => await SendRead(context, rendition, await read, isImmutable);

    private static Task SendRead(HttpContext context, RenditionTimeline rendition, MediaRead read, bool isImmutable)
    {
        if (read.Buffer is not { } buffer) { return FailAsync(context, read.Status); }
        if (!TrySetHeaders(context, rendition, buffer.Length, isImmutable, out ByteRange range))
        {
            long length = buffer.Length;
            buffer.Release();
            return LiveFailure.RangeNotSatisfiableAsync(context, length);
        }
        return ResponseBody.WriteAndReleaseAsync(context, buffer, range);
    }

    private static Task FailAsync(HttpContext context, MediaReadStatus status)
        => status == MediaReadStatus.Missing ? LiveFailure.NotFoundAsync(context, MissingMedia) : LiveFailure.UnavailableAsync(context, StoreFailed);

    private static bool TrySetHeaders(HttpContext context, RenditionTimeline rendition, long length, bool isImmutable, out ByteRange range)
    {
        HttpResponse response = context.Response;
        IHeaderDictionary headers = response.Headers;
        switch (ByteRange.Parse(context.Request.Headers.Range, length, out range))
        {
            case RangeAnswer.NotSatisfiable:
                return false;
            case RangeAnswer.Partial:
                response.StatusCode = StatusCodes.Status206PartialContent;
                headers.ContentRange = $"bytes {range.Offset}-{range.Offset + range.Length - 1}/{length}";
                break;
        }
        headers.ContentType = rendition.IsVideo ? LiveHeaders.VideoType : LiveHeaders.AudioType;
        headers.CacheControl = isImmutable ? LiveHeaders.Immutable : LiveHeaders.NoCache;
        headers.AcceptRanges = LiveHeaders.Bytes;
        CrossOrigin.AllowReading(headers);
        return true;
    }

    // All parts are held before the first byte is sent, so that a store that fails costs a status code and not a broken body.
    private async Task SendPartsAsync(HttpContext context, RenditionTimeline rendition, LiveSegment segment)
    {
        MediaBuffer?[] buffers = ArrayPool<MediaBuffer?>.Shared.Rent(segment.Parts.Length);
        int held = 0;
        try
        {
            for (int i = 0; i < segment.Parts.Length; i++)
            {
                LivePart part = segment.Parts.Span[i];
                if (part.IsGap) { continue; }
                MediaRead read = await part.ReadAsync(reader, context.RequestAborted);
                if (read.Buffer is null)
                {
                    await FailAsync(context, read.Status);
                    return;
                }
                buffers[held++] = read.Buffer;
            }
            if (!TrySetHeaders(context, rendition, segment.LengthInBytes, isImmutable: true, out ByteRange range))
            {
                await LiveFailure.RangeNotSatisfiableAsync(context, segment.LengthInBytes);
                return;
            }
            context.Response.ContentLength = range.Length;
            if (!HttpMethods.IsHead(context.Request.Method)) { await WriteAsync(context, buffers.AsMemory(0, held), range); }
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested) { } // the viewer has gone: nobody to answer
        finally
        {
            foreach (MediaBuffer? buffer in buffers.AsSpan(0, held)) { buffer!.Release(); }
            ArrayPool<MediaBuffer?>.Shared.Return(buffers, clearArray: true);
        }
    }

    private static async Task WriteAsync(HttpContext context, ReadOnlyMemory<MediaBuffer?> buffers, ByteRange range)
    {
        long offset = range.Offset;
        long left = range.Length;
        for (int i = 0; i < buffers.Length && left > 0; i++)
        {
            ReadOnlyMemory<byte> bytes = buffers.Span[i]!.Memory;
            if (offset >= bytes.Length)
            {
                offset -= bytes.Length;
                continue;
            }
            bytes = bytes[(int)offset..];
            if (bytes.Length > left) { bytes = bytes[..(int)left]; }
            offset = 0;
            left -= bytes.Length;
            await context.Response.BodyWriter.WriteAsync(bytes, context.RequestAborted);
        }
    }
}
