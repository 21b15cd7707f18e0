using Microsoft.Playwright;

namespace Mirror.EndToEnd.RealTime;

/// <summary>Watches how Mirror's page plays.</summary>
internal static class PageWatch
{
    /// <summary>Seconds from the request of the page until pictures move.</summary>
    public static Task<double> UntilPlayingAsync(IPage page) => page.EvaluateAsync<double>("""
        () => new Promise(resolve => {
          const look = () => window.mirrorPlayer?.state === 'playing' && window.mirrorPlayer.totalFrames > 5 ? resolve(performance.now() / 1000) : setTimeout(look, 20);
          look();
        })
        """);

    /// <summary>Notes each stall from now on, with how playback went in the two seconds before it.</summary>
    public static Task NoteStallsAsync(IPage page) => page.EvaluateAsync("""
        () => {
          performance.setResourceTimingBufferSize(20000);
          const video = document.querySelector('video');
          const recent = [];
          let before = window.mirrorPlayer.stalls;
          window.stallTimes = [];
          window.stallNotes = [];
          window.edgeAhead = 0;
          setInterval(() => {
            const { stalls, rendition, edge, target } = window.mirrorPlayer;
            const now = performance.now();
            const ranges = Array.from({ length: video.buffered.length }, (_, i) => `${video.buffered.start(i).toFixed(3)}-${video.buffered.end(i).toFixed(3)}`);
            recent.push({ now, line: `${video.currentTime.toFixed(3)} at ${video.playbackRate.toFixed(2)} of ${ranges}, ${edge?.toFixed(3)} from the edge, target ${target?.toFixed(3)}, ${rendition}` });
            if (edge !== null && video.buffered.length > 0) {
              window.edgeAhead = Math.max(window.edgeAhead, edge - (video.buffered.end(video.buffered.length - 1) - video.currentTime));
            }
            if (stalls > before) {
              window.stallTimes.push(performance.timeOrigin + now);
              const loads = performance.getEntriesByType('resource').filter((load) => load.responseEnd > now - 2000)
                .map((load) => ({ now: load.responseEnd, line: `loaded ${load.name.replace(/^.*[/]live[/]/, '')}, asked ${load.startTime.toFixed(0)}, first byte after ${(load.responseStart - load.requestStart).toFixed(0)} ms` }));
              window.stallNotes.push(recent.filter((note) => note.now > now - 2000).concat(loads).sort((a, b) => a.now - b.now).map((note) => `${note.now.toFixed(0)} ${note.line}`).join('\n'));
            }
            if (recent.length > 200) { recent.splice(0, 100); }
            before = stalls;
          }, 20);
        }
        """);

    /// <summary>By how much the page's live edge was ahead of the end of its buffer, at most, while stalls were noted.</summary>
    public static async Task<TimeSpan> EdgeAheadAsync(IPage page) => TimeSpan.FromSeconds(await page.EvaluateAsync<double>("() => window.edgeAhead"));

    /// <summary>When the noted stalls were (UTC). How playback went before each is written to <paramref name="output"/>.</summary>
    public static async Task<DateTime[]> StallsAsync(IPage page, ITestOutputHelper output)
    {
        foreach (string note in await page.EvaluateAsync<string[]>("() => window.stallNotes")) { output.WriteLine($"before a stall:\n{note}"); }
        return [.. (await page.EvaluateAsync<double[]>("() => window.stallTimes")).Select(stall => DateTime.UnixEpoch.AddMilliseconds(stall))];
    }
}
