using System.Collections.Concurrent;
using Microsoft.Extensions.Logging.Abstractions;
using Mirror.Streams.Shared;
using Mirror.Streams.Tests.Servers;

[assembly: AssemblyFixture(typeof(SharedServers))]

namespace Mirror.Streams.Tests.Servers;

/// <summary>Servers that all tests of the assembly share, each started when first asked for. Tests keep apart by the prefix of their names.</summary>
public sealed class SharedServers : IAsyncDisposable
{
    private readonly Lazy<Task<RedisServer>> _redis = new(() => RedisServer.StartAsync(RedisKind.Redis));
    private readonly Lazy<Task<RedisServer>> _garnet = new(() => RedisServer.StartAsync(RedisKind.Garnet));

    private readonly Lazy<Task<AzuriteServer>> _azurite = new(() => AzuriteServer.StartAsync());
    private readonly ConcurrentDictionary<(RedisKind Kind, int Node), RedisConnection> _connections = new();

    /// <summary>A prefix that no other test uses.</summary>
    public static string NewPrefix() => "test-" + Guid.NewGuid().ToString("N")[..8];

    /// <summary>The port of a server of this kind.</summary>
    public async Task<int> PortOfAsync(RedisKind kind) => (await (kind == RedisKind.Redis ? _redis : _garnet).Value).Port;

    /// <summary>The way of one node to a server of this kind; all tests share it, since opening one takes long.</summary>
    internal async Task<RedisConnection> ConnectAsync(RedisKind kind, int node)
    {
        int port = await PortOfAsync(kind);
        return _connections.GetOrAdd((kind, node), _ => new RedisConnection($"127.0.0.1:{port}", NullLogger<RedisConnection>.Instance));
    }

    /// <summary>The port of an Azurite.</summary>
    public async Task<int> AzuritePortAsync() => (await _azurite.Value).Port;

    public async ValueTask DisposeAsync()
    {
        if (_azurite is { IsValueCreated: true, Value.IsCompletedSuccessfully: true }) { (await _azurite.Value).Dispose(); }
        foreach (RedisConnection connection in _connections.Values) { await connection.DisposeAsync(); }
        foreach (Lazy<Task<RedisServer>> server in (Lazy<Task<RedisServer>>[])[_redis, _garnet])
        {
            if (server is { IsValueCreated: true, Value.IsCompletedSuccessfully: true }) { (await server.Value).Dispose(); }
        }
    }
}
