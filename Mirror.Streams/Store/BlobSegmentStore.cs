using System.Collections.Concurrent;
using System.Globalization;
using Azure;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;
using Microsoft.Extensions.Logging;
using Mirror.Media.Frames;
using Mirror.Streams.Shared;

namespace Mirror.Streams.Store;

/// <summary>The segment store of several processes: an append blob for each segment, a block for each part or for several that waited.</summary>
/// <remarks>
/// <c>live/{stream}/{epoch}/{rendition}/{msn}.m4s</c>, initialization segments beside. An append says where it must land, so that one whose
/// answer was lost is found out when it is tried again: it neither repeats a part nor loses one. A rendition's next blob is made while the
/// parts of the one before are appended. <see cref="BlobSweep"/> deletes.
/// </remarks>
public sealed partial class BlobSegmentStore : ISegmentStore
{
    /// <summary>What the names of all segments begin with.</summary>
    public const string Root = "live/";

    /// <summary>Bytes that one append takes at most, in any version of the service.</summary>
    public const int LargestAppend = 4 << 20;

    private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan IdleTime = TimeSpan.FromMinutes(2);
    private readonly ConcurrentDictionary<RenditionKey, Rendition> _renditions = new();
    private readonly BlobConnection _blobs;
    private readonly TimeProvider _time;
    private readonly ILogger<BlobSegmentStore> _logger;
    private int _isAway;

    /// <param name="blobs">Where the blobs are.</param>
    /// <param name="time">The clock of pauses.</param>
    /// <param name="logger">Hears of outages.</param>
    public BlobSegmentStore(BlobConnection blobs, TimeProvider time, ILogger<BlobSegmentStore> logger)
    {
        _blobs = blobs;
        _time = time;
        _logger = logger;
    }

    /// <inheritdoc/>
    public async ValueTask PutInitAsync(RenditionKey rendition, string name, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        BlobClient blob = _blobs.Container.GetBlobClient(FolderOf(rendition) + name);
        var options = new BlobUploadOptions { Conditions = new BlobRequestConditions { IfNoneMatch = ETag.All } };
        await UntilDoneAsync(async () =>
        {
            await _blobs.EnsureContainerAsync(cancellationToken);
            try { await blob.UploadAsync(BinaryData.FromBytes(bytes), options, cancellationToken); }
            catch (RequestFailedException error) when (error.Status == 409 && error.ErrorCode == BlobErrorCode.BlobAlreadyExists) { /* the same bytes: the name is their hash */ }
            return true;
        }, cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<long> AppendPartAsync(SegmentKey segment, int partIndex, MediaBuffer part, CancellationToken cancellationToken)
        => AppendPartsAsync(segment, partIndex, [part], cancellationToken);

    /// <inheritdoc/>
    public async ValueTask<long> AppendPartsAsync(SegmentKey segment, int partIndex, IReadOnlyList<MediaBuffer> parts, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(parts);
        Rendition rendition = Open(segment);
        Segment open = rendition.Current!;
        long length = parts.Sum(part => (long)part.Length);
        bool isUncertain = false;                            // an append may have been done whose answer was lost
        return await UntilDoneAsync(async () =>
        {
            if (!await open.IsCreatedAsync(cancellationToken)) { open.Creating = CreateAsync(open.Blob, cancellationToken); }
            await open.Creating!;
            Prepare(rendition, segment);
            try
            {
                var conditions = new AppendBlobRequestConditions { IfAppendPositionEqual = open.Length };
                await using var content = new PartsStream(parts);
                await open.Blob.AppendBlockAsync(content, new AppendBlobAppendBlockOptions { Conditions = conditions }, cancellationToken);
            }
            catch (RequestFailedException error) when (error.Status == 412)
            {
                long there = (await open.Blob.GetPropertiesAsync(cancellationToken: cancellationToken)).Value.ContentLength;
                bool isDone = isUncertain && there == open.Length + length;
                if (!isDone)
                {
                    open.Length = there;                     // an append that was given up landed after all
                    isUncertain = false;
                    throw;
                }
            }
            catch (RequestFailedException error) when (error.Status == 404)
            {
                open.Creating = null;                        // deleted, or never made: the container may be gone as well
                open.Length = 0;
                throw;
            }
            catch (Exception error) when (IsPassing(error, cancellationToken))
            {
                isUncertain = true;
                throw;
            }
            open.Length += length;
            return open.Length - length;
        }, cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask CompleteSegmentAsync(SegmentKey segment, CancellationToken cancellationToken) => ValueTask.CompletedTask;

    /// <inheritdoc/>
    public ValueTask<MediaBuffer?> ReadInitAsync(RenditionKey rendition, string name, CancellationToken cancellationToken)
        => ReadAsync(_blobs.Container.GetBlobClient(FolderOf(rendition) + name), default, null, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<MediaBuffer?> ReadAsync(SegmentKey segment, long offset, int length, CancellationToken cancellationToken)
    {
        if (offset < 0 || length < 0 || offset > long.MaxValue - length) { return ValueTask.FromResult<MediaBuffer?>(null); }
        if (length == 0) { return ValueTask.FromResult<MediaBuffer?>(MediaBuffer.Rent(0)); }
        return ReadAsync(_blobs.Container.GetBlobClient(NameOf(segment)), new HttpRange(offset, length), length, cancellationToken);
    }

    /// <summary>Where a rendition's blobs are.</summary>
    internal static string FolderOf(RenditionKey key) => string.Create(CultureInfo.InvariantCulture, $"{Root}{key.StreamId}/{key.Epoch}/{key.Rendition}/");

    /// <summary>A segment's blob.</summary>
    internal static string NameOf(SegmentKey segment) => string.Create(CultureInfo.InvariantCulture, $"{FolderOf(segment.Rendition)}{segment.Msn}.m4s");

    /// <summary>Reads a range of a blob, which must be as long as <paramref name="length"/> says; <see langword="null"/> if it is not there.</summary>
    internal static async ValueTask<MediaBuffer?> ReadAsync(BlobClient blob, HttpRange range, int? length, CancellationToken cancellationToken)
    {
        try
        {
            using BlobDownloadStreamingResult answer = await blob.DownloadStreamingAsync(new BlobDownloadOptions { Range = range }, cancellationToken);
            int expected = length ?? checked((int)answer.Details.ContentLength);
            if (answer.Details.ContentLength != expected) { return null; }      // the segment ends before
            MediaBuffer buffer = MediaBuffer.Rent(expected);
            try
            {
                buffer.GetSpan(expected);
                buffer.Advance(expected);
                await answer.Content.ReadExactlyAsync(System.Runtime.InteropServices.MemoryMarshal.AsMemory(buffer.Memory), cancellationToken);
                return buffer;
            }
            catch
            {
                buffer.Release();
                throw;
            }
        }
        catch (RequestFailedException error) when (error.Status is 404 or 416) { return null; }
    }

    private Rendition Open(SegmentKey segment)
    {
        Rendition rendition = _renditions.GetOrAdd(segment.Rendition, static _ => new Rendition());
        rendition.UsedAt = _time.GetTimestamp();
        if (rendition.Current?.Msn == segment.Msn) { return rendition; }
        rendition.Current = rendition.Next?.Msn == segment.Msn ? rendition.Next : new Segment(segment.Msn, BlobOf(segment));
        rendition.Next = null;
        foreach ((RenditionKey key, Rendition other) in _renditions)
        {
            if (_time.GetElapsedTime(other.UsedAt) > IdleTime) { _renditions.TryRemove(key, out _); }
        }
        return rendition;
    }

    /// <summary>Makes the blob of the next segment beforehand: a call less between its first part and that part's announcement.</summary>
    private void Prepare(Rendition rendition, SegmentKey segment)
    {
        if (rendition.Next is not null) { return; }
        rendition.Next = new Segment(segment.Msn + 1, BlobOf(segment with { Msn = segment.Msn + 1 }));
        rendition.Next.Creating = CreateAsync(rendition.Next.Blob, CancellationToken.None);
    }

    private AppendBlobClient BlobOf(SegmentKey segment) => _blobs.Container.GetAppendBlobClient(NameOf(segment));

    private async Task CreateAsync(AppendBlobClient blob, CancellationToken cancellationToken)
    {
        await _blobs.EnsureContainerAsync(cancellationToken);
        await blob.CreateIfNotExistsAsync(cancellationToken: cancellationToken);
    }

    /// <summary>Tries until it is done, or the caller has waited for long enough.</summary>
    private async ValueTask<T> UntilDoneAsync<T>(Func<Task<T>> action, CancellationToken cancellationToken)
    {
        for (TimeSpan pause = ShortestPause; ; pause = pause * 2 < LongestPause ? pause * 2 : LongestPause)
        {
            try
            {
                T result = await action();
                if (Interlocked.Exchange(ref _isAway, 0) == 1) { LogBack(); }
                return result;
            }
            catch (Exception error) when (IsPassing(error, cancellationToken))
            {
                if (error is RequestFailedException { ErrorCode: "ContainerNotFound" }) { _blobs.ForgetContainer(); }
                if (Interlocked.Exchange(ref _isAway, 1) == 0) { LogAway(error.Message.Split('\n')[0]); }
                await Task.Delay(pause, _time, cancellationToken);
            }
        }
    }

    /// <summary>Whether the same call may succeed later: the storage is away, slow or busy, or the blob is not as it was thought to be.</summary>
    private static bool IsPassing(Exception error, CancellationToken cancellationToken) => !cancellationToken.IsCancellationRequested
        && (error is RequestFailedException failed ? failed.Status is 0 or 404 or 408 or 409 or 412 or 429 or >= 500 : BlobConnection.IsFailure(error));

    /// <summary>The blobs that a rendition is written to.</summary>
    private sealed class Rendition
    {
        public Segment? Current { get; set; }

        public Segment? Next { get; set; }

        public long UsedAt { get; set; }
    }

    private sealed class Segment(long msn, AppendBlobClient blob)
    {
        public long Msn => msn;

        public AppendBlobClient Blob => blob;

        /// <summary>Bytes that the blob has.</summary>
        public long Length { get; set; }

        public Task? Creating { get; set; }

        public async Task<bool> IsCreatedAsync(CancellationToken cancellationToken)
        {
            if (Creating is null) { return false; }
            await Creating.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            cancellationToken.ThrowIfCancellationRequested();
            return Creating.IsCompletedSuccessfully;
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The blob storage is away ({Reason}); trying on")]
    private partial void LogAway(string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "The blob storage is back")]
    private partial void LogBack();
}
