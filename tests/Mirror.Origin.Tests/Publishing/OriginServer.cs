using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Mirror.Media.Frames;
using Mirror.Origin.Live;
using Mirror.ServiceDefaults.Hosting;
using Mirror.Streams.Announcements;
using Mirror.Streams.Registry;
using Mirror.Streams.Store;

namespace Mirror.Origin.Tests.Publishing;

/// <summary>An origin on free ports, with a store and announcements that the test fills.</summary>
internal sealed class OriginServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly string _folder;

    private OriginServer(WebApplication app, string folder, TestStore store, LocalAnnouncements announcements, LocalStreamRegistry registry)
    {
        _app = app;
        _folder = folder;
        Store = store;
        Announcements = announcements;
        Registry = registry;
        ICollection<string> addresses = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses;
        Http = ToUri(addresses, "http");
        Https = ToUri(addresses, "https");
        Client = CreateClient();
    }

    public TestStore Store { get; }

    public LocalAnnouncements Announcements { get; }

    public LocalStreamRegistry Registry { get; }

    public Uri Http { get; }

    public Uri Https { get; }

    /// <summary>Talks plain HTTP/1.1 to the server.</summary>
    public HttpClient Client { get; }

    public LiveStreams Streams => _app.Services.GetRequiredService<LiveStreams>();

    public static Task<OriginServer> StartAsync(TimeProvider? time = null, params string[] arguments) => StartAsync(null, time, arguments);

    /// <summary>Starts one on a store of the test's own.</summary>
    public static async Task<OriginServer> StartAsync(ISegmentStore? own, TimeProvider? time, params string[] arguments)
    {
        string folder = Directory.CreateTempSubdirectory("mirror-origin-").FullName;
        var store = new TestStore();
        var announcements = new LocalAnnouncements();
        var registry = new LocalStreamRegistry();
        WebApplication app = MirrorHost.Build(
            ["--server.http_port", "0", "--server.https_port", "0", "--server.https_address", "127.0.0.1", "--server.certificate.directory", folder, "--logging.level", "warning", .. arguments],
            builder =>
            {
                if (time is not null) { builder.Services.AddSingleton(time); }
                builder.Services.AddSingleton(own ?? store);
                builder.Services.AddSingleton<IAnnouncements>(announcements);
                builder.Services.AddSingleton<IStreamRegistry>(registry);
                builder.AddMirrorLocalAdapters();
                builder.AddMirrorOrigin();
            },
            app => app.MapMirrorOrigin());
        await app.StartAsync();
        return new OriginServer(app, folder, store, announcements, registry);
    }

    /// <summary>A client of its own connections.</summary>
    public HttpClient CreateClient(Version? version = null)
    {
        var handler = new SocketsHttpHandler { AutomaticDecompression = DecompressionMethods.None };
        handler.SslOptions.RemoteCertificateValidationCallback = static (_, _, _, _) => true;
        return new HttpClient(handler)
        {
            BaseAddress = version is null ? Http : Https,
            DefaultRequestVersion = version ?? HttpVersion.Version11,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Timeout = TimeSpan.FromSeconds(30),
        };
    }

    public TestRendition Video(string stream = "demo", string rendition = "source", int? partLength = null)
        => new(Announcements, Store, new RenditionKey(stream, rendition), isVideo: true, TimeSpan.FromMilliseconds(100), 5) { PartLength = partLength };

    public TestRendition Audio(string stream = "demo", string rendition = "audio", int? partLength = null)
        => new(Announcements, Store, new RenditionKey(stream, rendition), isVideo: false, TimeSpan.FromMilliseconds(100), 5) { PartLength = partLength };

    public TestRendition Language(string rendition, string language, Codec codec = Codec.Aac, AudioPurpose purpose = AudioPurpose.Main)
        => new(Announcements, Store, new RenditionKey("demo", rendition), isVideo: false, TimeSpan.FromMilliseconds(100), 5) { Language = language, Purpose = purpose, Sound = (codec, codec == Codec.Aac ? "mp4a.40.2" : "ac-3", 2) };

    public TestRendition Audio(Codec codec, string codecString, int channels, int partLength)
        => new(Announcements, Store, new RenditionKey("demo", "audio"), isVideo: false, TimeSpan.FromMilliseconds(100), 5) { PartLength = partLength, Sound = (codec, codecString, channels) };

    public RenditionTimeline Timeline(TestRendition rendition)
        => Streams.TryFind(rendition.Key.StreamId, out StreamTimeline? stream) ? stream!.Find(rendition.Key.Rendition)! : throw new InvalidOperationException("no such stream");

    public Task StopAsync() => _app.StopAsync();

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private static Uri ToUri(ICollection<string> addresses, string scheme)
        => new(addresses.First(address => new Uri(address).Scheme == scheme));
}
