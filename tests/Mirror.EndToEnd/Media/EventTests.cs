using System.Collections.Concurrent;
using Azure.Messaging;
using Microsoft.Extensions.DependencyInjection;
using Mirror.Streams.Events;

namespace Mirror.EndToEnd.Media;

/// <summary>What a stream's life tells as events.</summary>
public sealed class EventTests
{
    [Fact]
    public async Task A_stream_tells_of_its_start_its_renditions_its_interruption_and_its_end()
    {
        await using MirrorServer server = await MirrorServer.StartAsync("--ingestion.srt.peer_idle_timeout", "1s");         // its encoder is killed
        var told = new ConcurrentQueue<CloudEvent>();
        server.Services.GetRequiredService<LocalEvents>().Subscribe((happened, _) =>
        {
            told.Enqueue(happened);
            return Task.CompletedTask;
        });
        string file = await (new TestMedia("libx264", "30", 0.5, 0) { Seconds = 30, Size = "640x360" }).MakeAsync();
        await using (Tool push = Push(server, file)) { await ToldAsync(EventTypes.RenditionUp); }
        await ToldAsync(EventTypes.StreamDegraded);
        await using (Tool push = Push(server, file)) { await ToldAsync(EventTypes.StreamResumed); }
        await server.StopStreamAsync("cam");
        await ToldAsync(EventTypes.StreamEnded);
        await ToldAsync(EventTypes.RenditionDown);
        Assert.All(told, happened => Assert.Equal("cam", StreamEvent.StreamOf(happened)));
        // Until libsrt gives the killed encoder up, it is one that sends nothing; then it is told as gone.
        string[] types = [.. told.Select(happened => happened.Type).Where(type => type.StartsWith("stream.", StringComparison.Ordinal) && type != EventTypes.StreamPaused)];
        types = [.. types.Where((type, i) => i == 0 || type != types[i - 1])];
        Assert.Equal([EventTypes.StreamStarted, EventTypes.StreamReady, EventTypes.StreamDegraded, EventTypes.StreamResumed], types.Take(4));
        Assert.Equal(EventTypes.StreamEnded, types[^1]);

        Task ToldAsync(string type) => Eventually.TrueAsync(() => told.Any(happened => happened.Type == type), $"{type} is told");
    }

    private static Tool Push(MirrorServer server, string file) => Tool.Start("ffmpeg", $"-v error -re -i {file} -map 0 -c copy -f mpegts", server.SrtUrl("cam"));
}
