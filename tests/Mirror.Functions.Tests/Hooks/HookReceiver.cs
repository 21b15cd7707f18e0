using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Mirror.Functions.Tests.Hooks;

/// <summary>A receiver of webhooks on a free port: keeps what comes, and answers as a test says.</summary>
internal sealed class HookReceiver : IAsyncDisposable
{
    private readonly WebApplication _app;
    private int _requests;

    private HookReceiver(WebApplication app)
    {
        _app = app;
        Url = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single() + "/events";
    }

    public string Url { get; }

    /// <summary>Answers a request, by its number from 0; by default with 204.</summary>
    public Func<int, Received, HttpContext, Task> Answer { get; set; } = (_, _, context) => Status(context, 204);

    /// <summary>Everything that came, in order.</summary>
    public ConcurrentQueue<Received> Requests { get; } = new();

    /// <summary>The subjects of the events that were taken, in order.</summary>
    public IEnumerable<string?> Taken => Requests.Where(request => request.Status is >= 200 and < 300).SelectMany(request => request.Events).Select(happened => (string?)happened["subject"]);

    public static Task Status(HttpContext context, int status)
    {
        context.Response.StatusCode = status;
        return Task.CompletedTask;
    }

    public static async Task<HookReceiver> StartAsync()
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        WebApplication app = builder.Build();
        HookReceiver? receiver = null;
        app.Run(context => receiver!.HandleAsync(context));
        await app.StartAsync();
        return receiver = new HookReceiver(app);
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task HandleAsync(HttpContext context)
    {
        var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body);
        var received = new Received(context.Request.Path, new HeaderDictionary(context.Request.Headers.ToDictionary()), body.ToArray());
        await Answer(Interlocked.Increment(ref _requests) - 1, received, context);
        received.Status = context.Response.StatusCode;
        Requests.Enqueue(received);
    }
}

/// <summary>One request of a webhook.</summary>
internal sealed record Received(string Path, IHeaderDictionary Headers, byte[] Body)
{
    public int Status { get; set; }

    public JsonNode Json { get; } = JsonNode.Parse(Body)!;

    public IReadOnlyList<JsonNode> Events => Json is JsonArray batch ? [.. batch.Select(one => one!)] : [Json];

    public string Delivery => Headers["Mirror-Delivery"].ToString();

    /// <summary>Checks the signature as the documentation tells receivers to.</summary>
    public bool IsSigned(string secret, DateTimeOffset now, TimeSpan tolerance)
    {
        Dictionary<string, string> parts = Headers["Mirror-Signature"].ToString().Split(',').Select(part => part.Split('=')).ToDictionary(part => part[0], part => part[1]);
        byte[] expected = new HMACSHA256(Encoding.UTF8.GetBytes(secret)).ComputeHash([.. Encoding.ASCII.GetBytes(parts["t"] + "."), .. Body]);
        return (now - DateTimeOffset.FromUnixTimeSeconds(long.Parse(parts["t"]))).Duration() <= tolerance && CryptographicOperations.FixedTimeEquals(expected, Convert.FromHexString(parts["v1"]));
    }
}
