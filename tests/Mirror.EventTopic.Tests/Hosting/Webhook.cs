using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Mirror.EventTopic.Tests.Hosting;

/// <summary>A receiver of events on a free port: agrees to the handshake, keeps what comes, and answers as a test says.</summary>
internal sealed class Webhook : IAsyncDisposable
{
    private readonly WebApplication _app;

    private Webhook(WebApplication app)
    {
        _app = app;
        Url = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single() + "/hook";
    }

    public string Url { get; }

    /// <summary>What the handshake answers in WebHook-Allowed-Origin; <see langword="null"/>: nothing.</summary>
    public string? AllowedOrigin { get; set; } = "*";

    /// <summary>The status for each delivery, by its number from 0.</summary>
    public Func<int, int> Answer { get; set; } = _ => 200;

    /// <summary>Deliveries wait for it before they are answered.</summary>
    public Task Gate { get; set; } = Task.CompletedTask;

    public int Handshakes => _handshakes;

    private int _handshakes;
    private int _attempts;

    /// <summary>All deliveries, those included that were turned down.</summary>
    public ConcurrentQueue<(JsonNode Event, IHeaderDictionary Headers, byte[] Body)> Deliveries { get; } = new();

    /// <summary>Ids of the events that were taken, each once.</summary>
    public ConcurrentDictionary<string, JsonNode> Taken { get; } = new();

    public static async Task<Webhook> StartAsync()
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        WebApplication app = builder.Build();
        Webhook? hook = null;
        app.Run(context => hook!.HandleAsync(context));
        await app.StartAsync();
        return hook = new Webhook(app);
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task HandleAsync(HttpContext context)
    {
        if (HttpMethods.IsOptions(context.Request.Method))
        {
            Interlocked.Increment(ref _handshakes);
            if (AllowedOrigin is not null && context.Request.Headers.ContainsKey("WebHook-Request-Origin")) { context.Response.Headers["WebHook-Allowed-Origin"] = AllowedOrigin; }
            return;
        }
        var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body);
        JsonNode happened = JsonNode.Parse(body.ToArray())!;
        var headers = new HeaderDictionary(context.Request.Headers.ToDictionary());
        await Gate;
        context.Response.StatusCode = Answer(Interlocked.Increment(ref _attempts) - 1);
        JsonNode[] events = happened is JsonArray batch ? [.. batch.Select(one => one!)] : [happened];
        if (context.Response.StatusCode is >= 200 and <= 204)
        {
            foreach (JsonNode one in events) { Taken[(string)one["id"]!] = one; }
        }
        Deliveries.Enqueue((happened, headers, body.ToArray()));
    }
}
