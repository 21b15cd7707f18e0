using Mirror.Streams.Events;
using Mirror.Streams.Transcoding;

namespace Mirror.GpuTranscode.Workers;

/// <summary>Tells as events which encoded renditions are being made, and which no longer are. Looks once a second.</summary>
internal sealed class RenditionNews(TranscodeNode node, IEvents events, TimeProvider time) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);
    private readonly HashSet<(string Stream, string Rendition)> _up = [];

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        while (await timer.WaitForNextTickAsync(stoppingToken)) { Look(); }
    }

    private void Look()
    {
        HashSet<string> streams = [.. node.StreamIds];
        foreach (string stream in streams)
        {
            TranscodeState? state = node.StateOf(stream);
            foreach (RenditionState rendition in state?.Renditions ?? []) { Tell(stream, rendition.Name, rendition.IsUp, state!.Reason, rendition.Resolution); }
        }
        foreach ((string stream, string rendition) in _up.Where(up => !streams.Contains(up.Stream)).ToArray()) { Tell(stream, rendition, isUp: false, "The stream is no longer here.", resolution: null); }
    }

    private void Tell(string stream, string rendition, bool isUp, string? reason, string? resolution)
    {
        bool changed = isUp ? _up.Add((stream, rendition)) : _up.Remove((stream, rendition));
        if (!changed) { return; }
        events.Publish(new StreamEvent { Stream = stream, Rendition = rendition, Resolution = resolution, Reason = isUp ? null : reason }
            .ToCloudEvent(isUp ? EventTypes.RenditionUp : EventTypes.RenditionDown, time.GetUtcNow()));
    }
}
