using System.Net;
using System.Net.Http.Json;
using System.Net.Security;
using System.Text.Json.Nodes;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.Extensions.DependencyInjection;
using Mirror.LocalCluster;
using Mirror.Standalone;
using Mirror.Streams.Registry;
using Mirror.Streams.Shared;

namespace Mirror.EndToEnd;

/// <summary>A whole Mirror on free ports: one process that a test starts and stops, or the cluster that tests share.</summary>
public sealed class MirrorServer : IAsyncDisposable
{
    /// <summary>However slow the machine is: frames are encoded late rather than left out, no stream is refused its renditions, and playlists list all that a test pushed.</summary>
    internal static readonly string[] AnySpeed = [
        "--transcode.max_lag", "1m", "--transcode.start_timeout", "2m", "--transcode.cpu_budget", "16", "--delivery.live_window", "60s", "--store.retention", "3m", "--delivery.ended_retention", "5m",
    ];

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private readonly IServiceProvider? _services;
    private readonly Func<ValueTask> _stop;

    private MirrorServer(Uri http, Uri https, int srtPort, IServiceProvider? services, Func<ValueTask> stop)
    {
        (Http, Https, SrtPort, _services, _stop) = (http, https, srtPort, services, stop);
        Client = new HttpClient(new BrokenConnectionHandler(new SocketsHttpHandler { MaxConnectionsPerServer = 256 })) { BaseAddress = Http, Timeout = Patience };
        SecureClient = new HttpClient(new SocketsHttpHandler
        {
            SslOptions = new SslClientAuthenticationOptions { RemoteCertificateValidationCallback = static (_, _, _, _) => true },   // the development certificate
            EnableMultipleHttp2Connections = true,
        })
        {
            BaseAddress = Https,
            Timeout = Patience,
            DefaultRequestVersion = new Version(2, 0),
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
    }

    public Uri Https { get; }

    public Uri Http { get; }

    public int SrtPort { get; }

    /// <summary>HTTP/1.1 in the clear.</summary>
    public HttpClient Client { get; }

    /// <summary>HTTP/2 over TLS.</summary>
    public HttpClient SecureClient { get; }

    /// <summary>The services of the one process.</summary>
    public IServiceProvider Services => _services ?? throw new InvalidOperationException("A cluster has no services that a test could reach.");

    /// <summary>Starts a server that depends on no speed; <paramref name="settings"/> are further command-line words.</summary>
    public static Task<MirrorServer> StartAsync(params string[] settings) => StartAsShippedAsync([.. AnySpeed, .. settings]);

    /// <summary>The cluster that tests share, which outlives this: its first ingest node and its first origin.</summary>
    public static MirrorServer Of(Cluster cluster)
    {
        ArgumentNullException.ThrowIfNull(cluster);
        ClusterNode origin = cluster.Of(NodeKind.Origin).First();
        return new MirrorServer(origin.Http, origin.Https, cluster.Of(NodeKind.Ingest).First().SrtPort, null, () => ValueTask.CompletedTask);
    }

    /// <summary>Starts a server with the settings that Mirror comes with, for a real-time test.</summary>
    public static async Task<MirrorServer> StartAsShippedAsync(params string[] settings)
    {
        string folder = Directory.CreateTempSubdirectory("mirror-e2e-").FullName;
        WebApplication app = StandaloneHost.Build([
            "--server.https_port", "0", "--server.https_address", "127.0.0.1", "--server.http_port", "0", "--ingestion.srt.port", "0", "--ingestion.srt.address", "127.0.0.1",
            "--store.directory", Path.Combine(folder, "segments"), "--documents.directory", Path.Combine(folder, "documents"), "--dvr.directory", Path.Combine(folder, "recordings"), "--server.certificate.directory", Path.Combine(folder, "certs"), "--logging.level", "warning", .. settings]);
        await app.StartAsync();
        string[] addresses = [.. app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses];
        var https = new Uri($"https://localhost:{new Uri(addresses.Single(address => address.StartsWith("https", StringComparison.Ordinal)).Replace("[::]", "localhost")).Port}/");
        var http = new Uri($"http://127.0.0.1:{new Uri(addresses.Single(address => address.StartsWith("http:", StringComparison.Ordinal))).Port}/");
        return new MirrorServer(http, https, app.Services.GetRequiredService<IngestListeners>().SrtPort, app.Services, async () =>
        {
            await app.StopAsync();
            await app.DisposeAsync();
            Directory.Delete(folder, recursive: true);
        });
    }

    public string SrtUrl(string stream, string more = "") => $"srt://127.0.0.1:{SrtPort}?streamid={stream}&pkt_size=1316{more}";

    public Uri Playlist(string stream) => new(Http, $"live/{stream}/playlist.m3u8");

    public Task<JsonNode?> GetStreamAsync(string stream) => GetJsonAsync($"api/v1/streams/{stream}");

    public async Task<JsonNode?> GetJsonAsync(string path)
    {
        using HttpResponseMessage response = await Client.GetAsync(path);
        return response.IsSuccessStatusCode ? await response.Content.ReadFromJsonAsync<JsonNode>() : null;
    }

    /// <summary>Waits until the stream has a status.</summary>
    public Task WaitForStatusAsync(string stream, string status)
        => Eventually.TrueAsync(async () => (string?)(await GetStreamAsync(stream))?["status"] == status, $"stream {stream} is {status}");

    /// <summary>Waits until the status of a stream has this reason: on a busy machine it may have another at first.</summary>
    public Task WaitForReasonAsync(string stream, string reason)
        => Eventually.TrueAsync(async () => ((string?)(await GetStreamAsync(stream))?["status_reason"])?.Contains(reason, StringComparison.Ordinal) == true, $"stream {stream} says \"{reason}\"");

    /// <summary>Waits until players can open the stream.</summary>
    public Task WaitForPlaylistAsync(string stream)
        => Eventually.TrueAsync(async () =>
        {
            using HttpResponseMessage response = await Client.GetAsync(Playlist(stream));
            return response.IsSuccessStatusCode;
        }, $"stream {stream} has a playlist");

    /// <summary>Waits until a rendition has a segment. A worker of a busy machine takes its time, longer than a request waits.</summary>
    public Task WaitForRenditionAsync(string stream, string rendition)
        => Eventually.TrueAsync(async () =>
        {
            using HttpResponseMessage response = await Client.GetAsync(new Uri(Http, $"live/{stream}/{rendition}/playlist.m3u8"));
            return response.IsSuccessStatusCode;
        }, $"rendition {rendition} of {stream} has a segment");

    /// <summary>Ends a stream, so that its playlists get EXT-X-ENDLIST. It may have ended by itself: its publisher is gone, and the machine is busy.</summary>
    public async Task StopStreamAsync(string stream)
    {
        using HttpResponseMessage response = await Client.DeleteAsync($"api/v1/streams/{stream}");
        if (response.StatusCode != HttpStatusCode.NotFound) { response.EnsureSuccessStatusCode(); }
        await Eventually.TrueAsync(async () => await GetStreamAsync(stream) is null, $"stream {stream} is gone");
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        SecureClient.Dispose();
        await _stop();
    }
}
