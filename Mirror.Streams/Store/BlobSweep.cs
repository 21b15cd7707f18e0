using Azure;
using Azure.Storage.Blobs.Models;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Mirror.Streams.Registry;
using Mirror.Streams.Shared;

namespace Mirror.Streams.Store;

/// <summary>Deletes live segments that are too old, whoever wrote them: one node at a time, by a lease.</summary>
/// <remarks>
/// All blobs are listed once in half a minute. In between each is deleted when its time is over, a few at once, so that parts on their way
/// never wait behind a heap of deletions, unless it was written to since: then the next list tells.
/// An initialization segment stays for as long as a segment lies beside it, and then for <see cref="InitLifetime"/> more, since a publisher
/// that returns goes on with the same one.
/// </remarks>
/// <param name="blobs">Where the blobs are.</param>
/// <param name="leases">Says who sweeps.</param>
/// <param name="node">Who this is (<see cref="NodeIdentity.Id"/>).</param>
/// <param name="retention">How long a segment stays (<see cref="StoreOptions.Retention"/>).</param>
/// <param name="time">The clock.</param>
/// <param name="logger">Hears of failures.</param>
public sealed partial class BlobSweep(BlobConnection blobs, ILeases leases, string node, TimeSpan retention, TimeProvider time, ILogger<BlobSweep> logger) : BackgroundService
{
    private const string Role = "sweep/live";
    private const int MostAtOnce = 4;                                                       // parts are appended and read meanwhile
    private const int MostPerStep = 128;                                                    // of a store that takes half a second for each, within the lease
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LongestLookInterval = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan RenewalInterval = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LeaseDuration = TimeSpan.FromSeconds(45);
    private readonly Dictionary<string, DateTimeOffset> _lastSegments = new(StringComparer.Ordinal);   // folders that have an initialization segment, by when a segment was last seen in it
    private readonly PriorityQueue<(string Name, ETag Version), DateTimeOffset> _due = new();          // what the last look found, by when it is too old

    /// <summary>How long an initialization segment outlives the last segment beside it: longer than a publisher may be away.</summary>
    public static readonly TimeSpan InitLifetime = TimeSpan.FromMinutes(20);

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        TimeSpan lookInterval = retention / 2 < LongestLookInterval ? retention / 2 : LongestLookInterval;
        using var timer = new PeriodicTimer(Step, time);
        Lease? lease = null;
        DateTimeOffset renewal = time.GetUtcNow() + RenewalInterval;
        DateTimeOffset look = renewal;
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            DateTimeOffset now = time.GetUtcNow();
            try
            {
                if (now >= renewal)
                {
                    renewal = now + RenewalInterval;
                    if (lease is not null && !await leases.RenewAsync(lease, stoppingToken)) { lease = null; }
                    lease ??= await leases.TryAcquireAsync(Role, node, LeaseDuration, stoppingToken);
                }
                if (lease is null) { continue; }
                if (now >= look)
                {
                    look = now + lookInterval;
                    await LookAsync(stoppingToken);
                }
                await DeleteDueAsync(stoppingToken);
            }
            catch (RequestFailedException error) when (error.ErrorCode == BlobErrorCode.ContainerNotFound) { _due.Clear(); /* nothing was ever written */ }
            catch (Exception error) when (!stoppingToken.IsCancellationRequested)
            {
                LogFailed(error.Message.Split('\n')[0]);
                _due.Clear();
                renewal = look = time.GetUtcNow() + RenewalInterval;
            }
        }
    }

    /// <summary>Lists all blobs, and notes until when each stays.</summary>
    /// <exception cref="RequestFailedException">The storage is away.</exception>
    public async Task LookAsync(CancellationToken cancellationToken)
    {
        DateTimeOffset now = time.GetUtcNow();
        _due.Clear();
        Dictionary<string, List<BlobItem>> inits = new(StringComparer.Ordinal);
        HashSet<string> live = new(StringComparer.Ordinal);
        await foreach (BlobItem blob in blobs.Container.GetBlobsAsync(prefix: BlobSegmentStore.Root, cancellationToken: cancellationToken))
        {
            string folder = blob.Name[..(blob.Name.LastIndexOf('/') + 1)];
            DateTimeOffset end = blob.Properties.LastModified is { } written ? written + retention : now;
            if (!blob.Name.EndsWith(".m4s", StringComparison.Ordinal))
            {
                if (!inits.TryGetValue(folder, out List<BlobItem>? beside)) { inits[folder] = beside = []; }
                beside.Add(blob);
                continue;
            }
            if (end > now) { live.Add(folder); }
            Expect(blob, end);
        }
        foreach (string folder in _lastSegments.Keys.Where(folder => !inits.ContainsKey(folder)).ToArray()) { _lastSegments.Remove(folder); }
        foreach ((string folder, List<BlobItem> beside) in inits)
        {
            if (live.Contains(folder)) { _lastSegments[folder] = now; }
            else if (!_lastSegments.TryAdd(folder, now) && now - _lastSegments[folder] >= InitLifetime) { beside.ForEach(blob => Expect(blob, now)); }
        }
    }

    private void Expect(BlobItem blob, DateTimeOffset end) => _due.Enqueue((blob.Name, blob.Properties.ETag ?? ETag.All), end);

    /// <summary>Deletes what is too old by now, of what the last look found; where that is much, a part of it.</summary>
    /// <returns>How many blobs were deleted.</returns>
    /// <exception cref="RequestFailedException">The storage is away.</exception>
    public async Task<int> DeleteDueAsync(CancellationToken cancellationToken)
    {
        int deleted = 0;
        DateTimeOffset now = time.GetUtcNow();
        List<(string Name, ETag Version)> old = [];
        while (old.Count < MostPerStep && _due.TryPeek(out _, out DateTimeOffset end) && end <= now) { old.Add(_due.Dequeue()); }
        await Parallel.ForEachAsync(old, new ParallelOptions { MaxDegreeOfParallelism = MostAtOnce, CancellationToken = cancellationToken }, async (blob, token) =>
        {
            try
            {
                if (await blobs.Container.DeleteBlobIfExistsAsync(blob.Name, conditions: new BlobRequestConditions { IfMatch = blob.Version }, cancellationToken: token)) { Interlocked.Increment(ref deleted); }
            }
            catch (RequestFailedException error) when (error.Status == 412) { /* written to since: the next look tells until when it stays */ }
        });
        return deleted;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Old segments could not be deleted; it is tried again soon: {Reason}")]
    private partial void LogFailed(string reason);
}
