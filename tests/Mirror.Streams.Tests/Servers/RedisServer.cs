using Mirror.LocalCluster;

namespace Mirror.Streams.Tests.Servers;

/// <summary>A redis-server or a Garnet, with nothing in it and nothing kept on disk.</summary>
internal sealed class RedisServer : IDisposable
{
    private readonly RedisKind _kind;
    private ServerProcess? _process;

    private RedisServer(RedisKind kind)
    {
        _kind = kind;
        Port = FreePorts.Take();
    }

    public int Port { get; }

    public static async Task<RedisServer> StartAsync(RedisKind kind)
    {
        var server = new RedisServer(kind);
        await server.StartAsync();
        return server;
    }

    /// <summary>Starts it, empty, on the same port.</summary>
    public async Task StartAsync() => _process = _kind == RedisKind.Redis
        ? await ServerProcess.StartAsync(Port, "redis-server", "--port", $"{Port}", "--bind", "127.0.0.1", "--save", "", "--appendonly", "no")
        : await ServerProcess.StartAsync(Port, "dotnet", "tool", "run", "garnet-server", "--", "--port", $"{Port}", "--bind", "127.0.0.1", "--memory", "64m", "--index", "8m");

    /// <summary>Ends it, and all that is in it.</summary>
    public void Stop() => _process?.Dispose();

    public void Dispose() => Stop();
}

/// <summary>Which server speaks Redis's protocol.</summary>
public enum RedisKind
{
    Redis,
    Garnet,
}
