using Azure;
using Azure.Storage.Blobs.Models;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Mirror.Streams.Registry;
using Mirror.Streams.Shared;

namespace Mirror.Streams.Store;

/// <summary>Deletes live segments that are too old, whoever wrote them: one node at a time, by a lease.</summary>
/// <remarks>
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
    private const int MostAtOnce = 16;
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LeaseDuration = TimeSpan.FromSeconds(45);
    private readonly Dictionary<string, DateTimeOffset> _lastSegments = new(StringComparer.Ordinal);   // folders that have an initialization segment, by when a segment was last seen in it

    /// <summary>How long an initialization segment outlives the last segment beside it: longer than a publisher may be away.</summary>
    public static readonly TimeSpan InitLifetime = TimeSpan.FromMinutes(20);

    /// <summary>Deletes what is too old.</summary>
    /// <returns>How many blobs were deleted.</returns>
    /// <exception cref="RequestFailedException">The storage is away.</exception>
    public async Task<int> SweepAsync(CancellationToken cancellationToken)
    {
        DateTimeOffset now = time.GetUtcNow();
        List<string> old = [];
        Dictionary<string, List<string>> inits = new(StringComparer.Ordinal);
        HashSet<string> live = new(StringComparer.Ordinal);
        await foreach (BlobItem blob in blobs.Container.GetBlobsAsync(prefix: BlobSegmentStore.Root, cancellationToken: cancellationToken))
        {
            string folder = blob.Name[..(blob.Name.LastIndexOf('/') + 1)];
            bool isSegment = blob.Name.EndsWith(".m4s", StringComparison.Ordinal);
            bool isOld = blob.Properties.LastModified is not { } written || written < now - retention;
            if (!isSegment)
            {
                if (!inits.TryGetValue(folder, out List<string>? names)) { inits[folder] = names = []; }
                names.Add(blob.Name);
            }
            else if (isOld) { old.Add(blob.Name); }
            else { live.Add(folder); }
        }
        foreach (string folder in _lastSegments.Keys.Where(folder => !inits.ContainsKey(folder)).ToArray()) { _lastSegments.Remove(folder); }
        foreach ((string folder, List<string> names) in inits)
        {
            if (live.Contains(folder)) { _lastSegments[folder] = now; }
            else if (_lastSegments.TryAdd(folder, now) || now - _lastSegments[folder] < InitLifetime) { continue; }
            else { old.AddRange(names); }
        }
        await Parallel.ForEachAsync(old, new ParallelOptions { MaxDegreeOfParallelism = MostAtOnce, CancellationToken = cancellationToken },
            async (name, token) => await blobs.Container.DeleteBlobIfExistsAsync(name, cancellationToken: token));
        return old.Count;
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        Lease? lease = null;
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                if (lease is not null && !await leases.RenewAsync(lease, stoppingToken)) { lease = null; }
                lease ??= await leases.TryAcquireAsync(Role, node, LeaseDuration, stoppingToken);
                if (lease is not null) { await SweepAsync(stoppingToken); }
            }
            catch (RequestFailedException error) when (error.ErrorCode == BlobErrorCode.ContainerNotFound) { /* nothing was ever written */ }
            catch (Exception error) when (!stoppingToken.IsCancellationRequested) { LogFailed(error.Message.Split('\n')[0]); }
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Old segments could not be deleted; it is tried again soon: {Reason}")]
    private partial void LogFailed(string reason);
}
