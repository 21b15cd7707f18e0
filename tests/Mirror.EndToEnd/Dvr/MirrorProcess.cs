using System.Net.Sockets;
using System.Net;
using Mirror.LocalCluster;

namespace Mirror.EndToEnd.Dvr;

/// <summary>Mirror.Standalone as a process of its own, which a test can kill and start again on the same folders and ports.</summary>
internal sealed class MirrorProcess : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("mirror-process-").FullName;
    private readonly int _http = FreePorts.Take();
    private readonly int _srt = FreePorts.Take();
    private readonly string[] _settings;
    private Tool? _tool;

    public MirrorProcess(params string[] settings)
    {
        _settings = settings;
        Client = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{_http}/") };
    }

    public HttpClient Client { get; }

    /// <summary>Starts it, and waits until it takes publishers.</summary>
    public async Task StartAsync()
    {
        _tool = Tool.Start(Path.Combine(AppContext.BaseDirectory, "Mirror.Standalone"), "",
        [
            "--server.https_port", "0", "--server.https_address", "127.0.0.1", "--server.http_port", $"{_http}", "--ingestion.srt.port", $"{_srt}", "--ingestion.srt.address", "127.0.0.1",
            "--store.directory", Path.Combine(_folder, "segments"), "--documents.directory", Path.Combine(_folder, "documents"), "--dvr.directory", Path.Combine(_folder, "recordings"),
            "--server.certificate.directory", Path.Combine(_folder, "certs"), "--logging.level", "warning", .. _settings,
        ]);
        await Eventually.TrueAsync(async () =>
        {
            if (_tool.HasExited) { throw new InvalidOperationException($"Mirror ended: {await _tool.Errors}"); }
            try
            {
                using HttpResponseMessage answer = await Client.GetAsync("ready");
                return answer.IsSuccessStatusCode;
            }
            catch (HttpRequestException) { return false; }
        }, "Mirror is ready");
    }

    /// <summary>Ends it as a power cut would.</summary>
    public Task KillAsync() => _tool!.KillAsync();

    public string SrtUrl(string stream) => $"srt://127.0.0.1:{_srt}?streamid={stream}&pkt_size=1316";

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        if (_tool is not null) { await _tool.DisposeAsync(); }
        Directory.Delete(_folder, recursive: true);
    }

}
