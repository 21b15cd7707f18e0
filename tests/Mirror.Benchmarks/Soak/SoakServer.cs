using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Mirror.LocalCluster;

namespace Mirror.Benchmarks.Soak;

/// <summary>Mirror.Standalone as it is shipped, in a process of its own, with a ladder in software and a small store, so that its disk tier is used.</summary>
internal sealed class SoakServer : IAsyncDisposable
{
    /// <summary>How long a stream waits for its publisher to come back.</summary>
    public static readonly TimeSpan ReconnectWindow = TimeSpan.FromSeconds(1);

    /// <summary>How long a segment stays.</summary>
    public static readonly TimeSpan Retention = TimeSpan.FromMinutes(2);

    private static readonly TimeSpan SweepMargin = TimeSpan.FromSeconds(15);
    private readonly string _folder = Directory.CreateTempSubdirectory("mirror-soak-").FullName;
    private readonly ClusterProcess _process;

    private SoakServer()
    {
        SrtPort = FreePorts.Take();
        int http = FreePorts.Take();
        Directory.CreateDirectory(Store);
        _process = new ClusterProcess("mirror", _folder, Path.Combine(AppContext.BaseDirectory, "Mirror.Standalone"),
        [
            "--server.https_port", "0", "--server.https_address", "127.0.0.1", "--server.http_port", $"{http}", "--server.certificate.directory", Path.Combine(_folder, "certs"),
            "--ingestion.srt.port", $"{SrtPort}", "--ingestion.srt.address", "127.0.0.1", "--ingestion.srt.reconnect_window", $"{ReconnectWindow.TotalSeconds}s",
            "--transcode.gpu_enabled", "false", "--store.directory", Store, "--store.memory", "16MiB", "--store.retention", $"{Retention.TotalSeconds}s",
            "--documents.directory", Path.Combine(_folder, "documents"), "--dvr.directory", Path.Combine(_folder, "recordings"),
            "--hooks.dead_letter", Path.Combine(_folder, "dead-letter.jsonl"), "--logging.level", "warning",
        ]);
        // Connections of this program count among the server's descriptors: those that rest are closed before the server is looked at.
        var handler = new SocketsHttpHandler { PooledConnectionIdleTimeout = TimeSpan.FromSeconds(5) };
        Client = new HttpClient(handler) { BaseAddress = new Uri($"http://127.0.0.1:{http}/"), Timeout = TimeSpan.FromSeconds(10) };
    }

    public int SrtPort { get; }

    public int ProcessId => _process.ProcessId;

    public HttpClient Client { get; }

    /// <summary>Errors that it logged.</summary>
    public int Errors => File.Exists(_process.LogFile) ? File.ReadLines(_process.LogFile).Count(line => line.Contains(" error ", StringComparison.Ordinal)) : 0;

    private string Store => Path.Combine(_folder, "segments");

    public static async Task<SoakServer> StartAsync()
    {
        var server = new SoakServer();
        server._process.Start();
        try { await server.WaitUntilReadyAsync(); }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
        return server;
    }

    private async Task WaitUntilReadyAsync()
    {
        const int Attempts = 400;                            // 20 s
        for (int attempt = 0; attempt < Attempts && _process.IsRunning; attempt++)
        {
            try
            {
                using HttpResponseMessage response = await Client.GetAsync("/ready");
                if (response.IsSuccessStatusCode) { return; }
            }
            catch (HttpRequestException) { /* not listening yet */ }
            await Task.Delay(50);
        }
        throw new InvalidOperationException("Mirror did not become ready: " + _process.LastLines());
    }

    public Task<SoakSample> SampleAsync(double progress = 0, double position = 0)
        => _process.IsRunning ? SoakSample.TakeAsync(ProcessId, Store, Retention + SweepMargin, progress, position) : throw new InvalidOperationException("Mirror ended: " + _process.LastLines());

    /// <summary>A stream as the API tells it; <see langword="null"/> when there is none.</summary>
    public async Task<JsonNode?> FindStreamAsync(string stream, CancellationToken cancellationToken)
    {
        using HttpResponseMessage answer = await Client.GetAsync($"api/v1/streams/{stream}", cancellationToken);
        return answer.StatusCode == HttpStatusCode.NotFound ? null : await answer.EnsureSuccessStatusCode().Content.ReadFromJsonAsync<JsonNode>(cancellationToken);
    }

    /// <summary>A rendition's playlist; empty when there is none.</summary>
    public async Task<string> PlaylistAsync(string stream, string rendition, CancellationToken cancellationToken)
    {
        using HttpResponseMessage answer = await Client.GetAsync($"live/{stream}/{rendition}/playlist.m3u8", cancellationToken);
        return answer.IsSuccessStatusCode ? await answer.Content.ReadAsStringAsync(cancellationToken) : "";
    }

    /// <summary>Keeps its log, so that a run can be looked into.</summary>
    /// <returns>Where.</returns>
    public string KeepLog()
    {
        string kept = Path.Combine(Path.GetTempPath(), "mirror-soak.log");
        if (File.Exists(_process.LogFile)) { File.Copy(_process.LogFile, kept, overwrite: true); }
        return kept;
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _process.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }
}
