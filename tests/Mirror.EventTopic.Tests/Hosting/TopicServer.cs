using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Mirror.ServiceDefaults.Hosting;

namespace Mirror.EventTopic.Tests.Hosting;

/// <summary>A topic on a free port, or on one that it had before.</summary>
internal sealed class TopicServer : IAsyncDisposable
{
    public const string Key = "bWlycm9yLXRvcGljLWtleQ==";
    private readonly WebApplication _app;

    private TopicServer(WebApplication app, string folder)
    {
        _app = app;
        Folder = folder;
        string http = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single(address => address.StartsWith("http:", StringComparison.Ordinal));
        Address = new Uri(http + "/");
        Client = new HttpClient { BaseAddress = Address };
        Client.DefaultRequestHeaders.Add("aeg-sas-key", Key);
    }

    public string Folder { get; }

    public Uri Address { get; }

    public Uri Endpoint => new(Address, "api/events");

    /// <summary>Knows the key.</summary>
    public HttpClient Client { get; }

    public string DeadLetterFile => Path.Combine(Folder, "dead.jsonl");

    public static async Task<TopicServer> StartAsync(TimeProvider? time = null, int port = 0, string? folder = null, params string[] settings)
    {
        folder ??= Directory.CreateTempSubdirectory("mirror-topic-").FullName;
        WebApplication app = MirrorHost.Build(
            ["--server.https_port", "0", "--server.http_port", port.ToString(), "--server.certificate.directory", folder, "--logging.level", "error",
                "--event_topic.key", Key, "--event_topic.directory", folder, "--event_topic.dead_letter", Path.Combine(folder, "dead.jsonl"), .. settings],
            builder =>
            {
                if (time is not null) { builder.Services.AddSingleton(time); }
                builder.AddMirrorEventTopic();
            },
            app => app.MapMirrorEventTopic());
        await app.StartAsync();
        return new TopicServer(app, folder);
    }

    public Task<HttpResponseMessage> PublishAsync(string json, string type = "application/cloudevents+json")
        => Client.PostAsync(Endpoint, new StringContent(json, Encoding.UTF8, new MediaTypeHeaderValue(type)));

    public Task<HttpResponseMessage> SubscribeAsync(string name, object subscription) => Client.PutAsJsonAsync($"subscriptions/{name}", subscription);

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
    }
}
