using Microsoft.Extensions.Options;
using Mirror.Media.Frames;
using Mirror.Streams.Store;

namespace Mirror.Origin.Live;

/// <summary>Reads the segment store within a time limit: a store that fails, hangs or ignores its token costs its readers an answer, nothing more.</summary>
internal sealed partial class StoreReader(ISegmentStore store, OriginMetrics metrics, TimeProvider time, IOptions<OriginOptions> options, ILogger<StoreReader> logger)
{
    private static readonly KeyValuePair<string, object?> Found = new("outcome", "found");
    private static readonly KeyValuePair<string, object?> Missing = new("outcome", "missing");
    private static readonly KeyValuePair<string, object?> Failed = new("outcome", "failed");
    private readonly TimeSpan _timeout = options.Value.StoreTimeout;

    public OriginMetrics Metrics { get; } = metrics;

    public TimeProvider Time { get; } = time;

    /// <summary>Calls <paramref name="read"/>; never throws.</summary>
    public async ValueTask<MediaRead> ReadAsync(CachedMedia media, Func<ISegmentStore, CancellationToken, ValueTask<MediaBuffer?>> read)
    {
        try
        {
            MediaBuffer? buffer = await ReadInTimeAsync(read);
            Metrics.StoreReads.Add(1, buffer is null ? Missing : Found);
            return new MediaRead(buffer, buffer is null ? MediaReadStatus.Missing : MediaReadStatus.Found);
        }
#pragma warning disable CA1031 // a store may fail in its own ways; each costs this one read
        catch (Exception error)
#pragma warning restore CA1031
        {
            Metrics.StoreReads.Add(1, Failed);
            LogFailed(media, error.Message);
            return new MediaRead(null, MediaReadStatus.Failed);
        }
    }

    private async ValueTask<MediaBuffer?> ReadInTimeAsync(Func<ISegmentStore, CancellationToken, ValueTask<MediaBuffer?>> read)
    {
        using var timeout = new CancellationTokenSource(_timeout, Time);
        ValueTask<MediaBuffer?> pending = read(store, timeout.Token);
        if (pending.IsCompleted) { return await pending; }
        Task<MediaBuffer?> task = pending.AsTask();
        try { return await task.WaitAsync(_timeout, Time); }
        catch (TimeoutException)
        {
            _ = ReleaseLateAsync(task);
            throw;
        }
    }

    private static async Task ReleaseLateAsync(Task<MediaBuffer?> task)
    {
        await ((Task)task).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (task.IsCompletedSuccessfully) { (await task)?.Release(); }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Reading {Media} from the segment store failed: {Reason}")]
    private partial void LogFailed(CachedMedia media, string reason);
}
