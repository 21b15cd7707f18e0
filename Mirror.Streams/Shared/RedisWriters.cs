using Microsoft.Extensions.Logging;

namespace Mirror.Streams.Shared;

/// <summary>Connections for writing announcements. A transaction holds up its connection for two round trips, which adds up where Redis is slow, so there are several.</summary>
public sealed class RedisWriters : IAsyncDisposable
{
    private const int Count = 4;

    /// <summary>Begins to connect.</summary>
    /// <param name="configuration">The connection string (<see cref="SharedOptions.Redis"/>).</param>
    /// <param name="logger">Hears of losses and returns.</param>
    public RedisWriters(string configuration, ILogger<RedisConnection> logger)
        => Connections = [.. Enumerable.Range(0, Count).Select(_ => new RedisConnection(configuration, logger))];

    /// <summary>The connections.</summary>
    public IReadOnlyList<RedisConnection> Connections { get; }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (RedisConnection connection in Connections) { await connection.DisposeAsync(); }
    }
}
