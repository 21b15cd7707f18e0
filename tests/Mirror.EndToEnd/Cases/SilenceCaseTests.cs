using System.Collections.Concurrent;
using Azure.Messaging;
using Microsoft.Extensions.DependencyInjection;
using Mirror.EndToEnd.Conformance;
using Mirror.EndToEnd.Media;
using Mirror.EndToEnd.Srt;
using Mirror.Media.Playlists;
using Mirror.Streams.Events;

namespace Mirror.EndToEnd.Cases;

/// <summary>A publisher that stays connected and sends nothing: the status says so, events tell it, and dates are right afterwards.</summary>
public sealed class SilenceCaseTests
{
    private static readonly TimeSpan PauseAt = TimeSpan.FromSeconds(6);
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(8);

    [Fact]
    public async Task A_publisher_that_sends_nothing_is_degraded_with_a_reason()
    {
        await using MirrorServer server = await MirrorServer.StartAsync();
        ConcurrentQueue<CloudEvent> told = EventsOf(server);
        using SrtCaller? caller = SrtCaller.TryConnect(server.SrtPort, "cam");
        await server.WaitForStatusAsync("cam", "degraded");
        await server.WaitForReasonAsync("cam", "the publisher is connected but sends nothing");
        await Eventually.TrueAsync(() => told.Any(happened => happened.Type == EventTypes.StreamPaused), "the silence is told");
    }

    [Fact]
    public async Task A_pause_is_told_and_what_follows_it_has_the_dates_of_its_arrival()
    {
        await using MirrorServer server = await MirrorServer.StartAsync();
        ConcurrentQueue<CloudEvent> told = EventsOf(server);
        TestMedia media = new("libx264", "25", 0.5, 0) { Seconds = 24, Size = "640x360", VideoMore = "-muxrate 3M" };
        CaseFile file = CaseFile.Of(await File.ReadAllBytesAsync(await media.MakeAsync()), 3_000_000);
        await using CasePush push = CasePush.Start(server, file, "cam", new CasePace { PauseAt = PauseAt, PauseFor = Pause });
        await server.WaitForStatusAsync("cam", "active");
        await server.WaitForStatusAsync("cam", "degraded");
        await server.WaitForStatusAsync("cam", "active");
        await push.ArrivedAsync();
        string[] types = [.. told.Select(happened => happened.Type).Where(type => type.StartsWith("stream.", StringComparison.Ordinal))];
        Assert.Equal([EventTypes.StreamStarted, EventTypes.StreamReady, EventTypes.StreamDegraded, EventTypes.StreamPaused, EventTypes.StreamResumed], types.Take(5));

        await server.StopStreamAsync("cam");
        foreach (string rendition in (string[])["source", "audio", "360p"])
        {
            MediaPlaylistDocument playlist = await ReadAsync(server, rendition);
            SegmentEntry[] segments = [.. playlist.Segments];
            SegmentEntry step = Assert.Single(segments.Skip(1), segment => segment.StartsDiscontinuity);
            int at = Array.IndexOf(segments, step);
            double stepSeconds = (step.ProgramDateTime!.Value - StateRules.EndOf(segments[at - 1])!.Value).TotalSeconds;
            Assert.InRange(stepSeconds, Pause.TotalSeconds - 0.5, Pause.TotalSeconds + 1);
            // On a busy machine the worker comes up late, and what is before that is not encoded.
            double late = rendition == "360p" ? PauseAt.TotalSeconds : 0;
            Assert.InRange(segments.Sum(segment => (double)segment.Duration), media.Seconds - late - 1.5, media.Seconds + 0.5);
        }
    }

    private static ConcurrentQueue<CloudEvent> EventsOf(MirrorServer server)
    {
        var told = new ConcurrentQueue<CloudEvent>();
        server.Services.GetRequiredService<LocalEvents>().Subscribe((happened, _) =>
        {
            told.Enqueue(happened);
            return Task.CompletedTask;
        });
        return told;
    }

    private static async Task<MediaPlaylistDocument> ReadAsync(MirrorServer server, string rendition)
    {
        string text = await server.Client.GetStringAsync(new Uri(server.Http, $"live/cam/{rendition}/playlist.m3u8"));
        Assert.True(MediaPlaylistParser.TryParse(text, out MediaPlaylistDocument? playlist, out string? error), error);
        return playlist!;
    }
}
