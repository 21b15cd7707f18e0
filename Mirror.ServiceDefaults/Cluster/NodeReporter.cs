using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Mirror.Streams.Registry;

namespace Mirror.ServiceDefaults.Cluster;

/// <summary>Tells the registry once a second that this node lives, and what it does.</summary>
internal sealed partial class NodeReporter(NodeIdentity identity, IEnumerable<NodeRole> roles, IStreamRegistry registry, IServiceProvider services, TimeProvider time,
    ILogger<NodeReporter> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);
    private readonly NodeRole[] _roles = [.. roles];
    private readonly DateTime _startedAt = time.GetUtcNow().UtcDateTime;
    private bool _hasFailed;

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        try { await registry.RemoveNodeAsync(identity.Id, cancellationToken); }
        catch (Exception error) { LogFailed(error.Message); }    // it is gone by itself soon
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (identity.Address is not { } address) { return; }
        using var timer = new PeriodicTimer(Interval, time);
        do
        {
            try
            {
                await registry.PutNodeAsync(Describe(address), stoppingToken);
                _hasFailed = false;
            }
            catch (Exception error) when (!stoppingToken.IsCancellationRequested)
            {
                if (!_hasFailed) { LogFailed(error.Message); }
                _hasFailed = true;
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private NodeRecord Describe(Uri address)
    {
        var record = new NodeRecord
        {
            Id = identity.Id,
            Roles = [.. _roles.Select(role => role.Name)],
            Address = address,
            StartedAt = _startedAt,
            LastHeartbeat = time.GetUtcNow().UtcDateTime,
        };
        return _roles.Aggregate(record, (described, role) => role.Describe(services, described));
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The registry could not be told that this node lives; it is tried again every second: {Reason}")]
    private partial void LogFailed(string reason);
}
