using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Mirror.Functions.Tests.Control;
using Mirror.Origin.Tests.Publishing;
using Mirror.Streams.Events;

namespace Mirror.Functions.Tests.Hooks;

/// <summary>The functions on a free port, with a clock that a test moves, and files that outlive them.</summary>
internal sealed class HookServer : IAsyncDisposable
{
    private readonly ControlServer _server;

    private HookServer(ControlServer server, ManualTime time)
    {
        _server = server;
        Time = time;
    }

    public HttpClient Client => _server.Client;

    public ManualTime Time { get; }

    public IServiceProvider Services => _server.Services;

    public static async Task<HookServer> StartAsync(string folder, Action<WebApplicationBuilder>? configure = null, params string[] settings)
    {
        var time = new ManualTime();
        ControlServer server = await ControlServer.StartAsync(transcoder: null, builder =>
        {
            builder.Services.AddSingleton<TimeProvider>(time);
            configure?.Invoke(builder);
        }, ["--documents.directory", Path.Combine(folder, "documents"), "--hooks.dead_letter", DeadLetterOf(folder), "--hooks.timeout", "1m", .. settings]);
        return new HookServer(server, time);
    }

    public static string DeadLetterOf(string folder) => Path.Combine(folder, "dead-letter.jsonl");

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    public async Task<string> CreateAsync(object hook)
    {
        using HttpResponseMessage response = await Client.PostAsJsonAsync("api/v1/hooks", hook);
        JsonNode answer = (await response.Content.ReadFromJsonAsync<JsonNode>())!;
        Assert.True(response.StatusCode == HttpStatusCode.Created, answer.ToJsonString());
        return (string)answer["id"]!;
    }

    public void Publish(string type, string stream)
        => Services.GetRequiredService<IEvents>().Publish(new StreamEvent { Stream = stream, Reason = "for a test" }.ToCloudEvent(type, Time.GetUtcNow()));

    public async Task<JsonNode> HookAsync(string id) => (await Client.GetFromJsonAsync<JsonNode>($"api/v1/hooks/{id}"))!;

    public async Task<long> FigureAsync(string id, string name) => (long)(await HookAsync(id))["deliveries"]![name]!;

    /// <summary>Waits until something is so, without moving the clock.</summary>
    public static async Task UntilAsync(Func<Task<bool>> condition, string what)
    {
        long started = TimeProvider.System.GetTimestamp();
        while (!await condition())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(started) < TimeSpan.FromMinutes(2), $"Waited in vain until {what}.");
            await Task.Delay(5);
        }
    }

    public static Task UntilAsync(Func<bool> condition, string what) => UntilAsync(() => Task.FromResult(condition()), what);

    /// <summary>Moves the clock in small steps until something is so; slowly enough for requests to be answered in time.</summary>
    public Task AdvanceUntilAsync(Func<bool> condition, string what, double stepSeconds = 0.5) => UntilAsync(() =>
    {
        bool isSo = condition();
        if (!isSo) { Time.Advance(TimeSpan.FromSeconds(stepSeconds)); }
        return Task.FromResult(isSo);
    }, what);

    /// <summary>The dead letters of a folder.</summary>
    public static IReadOnlyList<JsonNode> DeadLetters(string folder)
        => File.Exists(DeadLetterOf(folder)) ? [.. File.ReadAllLines(DeadLetterOf(folder)).Select(line => JsonNode.Parse(line)!)] : [];
}
