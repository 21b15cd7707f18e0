using Mirror.LocalCluster;
using Mirror.Streams.Shared;

namespace Mirror.Streams.Tests.Servers;

/// <summary>An Azurite, which stands for Azure Blob Storage, with nothing kept on disk.</summary>
internal sealed class AzuriteServer : IDisposable
{
    private const string Program = "eng/azurite/node_modules/azurite/dist/src/blob/main.js";
    private const string KnownKey = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";   // the same in every Azurite
    private ServerProcess? _process;

    public int Port { get; } = FreePorts.Take();

    public static async Task<AzuriteServer> StartAsync()
    {
        var server = new AzuriteServer();
        server._process = await ServerProcess.StartAsync(server.Port, "node", Program, "--blobHost", "127.0.0.1", "--blobPort", $"{server.Port}",
            "--inMemoryPersistence", "--skipApiVersionCheck", "--silent");
        return server;
    }

    public static string ConnectionString(int port)
        => $"DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey={KnownKey};BlobEndpoint=http://127.0.0.1:{port}/devstoreaccount1";

    /// <summary>A way to a container of the test's own.</summary>
    public static BlobConnection Connect(int port, string container) => new(ConnectionString(port), container);

    public void Dispose() => _process?.Dispose();
}
