using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Mirror.Media.Frames;
using Mirror.ServiceDefaults.Hosting;
using Mirror.Streams.Registry;
using Mirror.Streams.Transcoding;

namespace Mirror.Functions.Tests.Control;

/// <summary>The control API on a free port, on a registry that a test fills.</summary>
internal sealed class ControlServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly string _folder;

    private ControlServer(WebApplication app, string folder)
    {
        _app = app;
        _folder = folder;
        string http = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single(address => address.StartsWith("http:", StringComparison.Ordinal));
        Client = new HttpClient { BaseAddress = new Uri(http + "/") };
    }

    public HttpClient Client { get; }

    public IServiceProvider Services => _app.Services;

    public string Folder => _folder;

    public IStreamRegistry Registry => _app.Services.GetRequiredService<IStreamRegistry>();

    public static async Task<ControlServer> StartAsync(ITranscodeNode? transcoder, Action<WebApplicationBuilder>? configure = null, params string[] settings)
    {
        string folder = Directory.CreateTempSubdirectory("mirror-functions-").FullName;
        WebApplication app = MirrorHost.Build(
            ["--server.https_port", "0", "--server.http_port", "0", "--server.certificate.directory", folder, "--store.directory", folder, "--documents.directory", Path.Combine(folder, "documents"), "--dvr.directory", Path.Combine(folder, "recordings"), "--logging.level", "warning", .. settings],
            builder =>
            {
                builder.AddMirrorFunctions();
                if (transcoder is not null) { builder.Services.AddSingleton(transcoder); }
                configure?.Invoke(builder);
            },
            app => app.MapMirrorFunctions());
        await app.StartAsync();
        return new ControlServer(app, folder);
    }

    public ValueTask PutAsync(string id, StreamStatus status, string? reason = null, string? node = null, TimeSpan silence = default) => Registry.PutAsync(new StreamRecord
    {
        Id = id,
        Type = "srt",
        SourceAddress = "192.0.2.1:4000",
        Status = status,
        StatusReason = reason,
        CreatedAt = DateTime.UtcNow,
        LastHeartbeat = DateTime.UtcNow - silence,
        NodeId = node,
        ReconnectWindow = TimeSpan.FromHours(1),             // the service that ends abandoned streams leaves it alone
        Bitrate = 5_000_000,
        FrameRate = 25,
        Video = new VideoTrack { Id = 1, Codec = Codec.H264, DecoderConfiguration = new byte[] { 1 }, CodecString = "avc1.640028", Width = 1920, Height = 1080 },
    }, default);

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }
}
