using System.Text.Json;
using Microsoft.Playwright;
using Mirror.EndToEnd.RealTime;

namespace Mirror.EndToEnd.Browser;

/// <summary>The player page on a stream of two renditions.</summary>
[Trait(TestRuns.Trait, TestRuns.RealTime)]
public sealed class RenditionTests(ITestOutputHelper output) : IAsyncLifetime
{
    private const string Stream = "studio";
    private static readonly int Switches = TestRuns.IsFull ? 50 : 6;
    private const int SecondsToSettle = 5;                   // Chromium's own start takes both cores of a small machine
    private const int SecondsUndisturbed = 5;                // to compare with
    private static readonly int SecondsPublished = TestRuns.IsFull ? 150 : 60;
    private const float Patience = 120_000;                   // milliseconds
    private static readonly TimeSpan LongestSwitch = TimeSpan.FromSeconds(2);      // from the choice to the screen: a segment, what is buffered, and a busy machine
    private MirrorServer _server = null!;
    private ChromiumBrowser _browser = null!;
    private TwoRenditions _stream = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await MirrorServer.StartAsShippedAsync();
        _browser = await ChromiumBrowser.StartAsync();
        _stream = await TwoRenditions.StartAsync(_server, Stream, SecondsPublished);
        await _server.WaitForPlaylistAsync(Stream);
    }

    public async ValueTask DisposeAsync()
    {
        await _stream.DisposeAsync();
        await _browser.DisposeAsync();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task Switches_up_and_down_leave_no_trace()
    {
        var limits = new RealTimeLimits(output);
        IPage page = await OpenAsync();
        await page.EvaluateAsync($$"""
            () => new Promise(resolve => {
              const video = document.querySelector('video');
              const seen = () => ({ frames: 0, longestPause: 0, longestStep: 0, skipped: 0, switchSteps: [], holes: 0 });
              window.watched = seen();
              let last = null;
              const onFrame = (now, { mediaTime, height }) => {
                const { watched } = window;
                if (last) {
                  const step = mediaTime - last.mediaTime;
                  watched.longestPause = Math.max(watched.longestPause, now - last.now);
                  watched.longestStep = Math.max(watched.longestStep, step);
                  watched.skipped += step > 1.5 / {{TwoRenditions.FrameRate}} ? 1 : 0;
                  if (height !== last.height) { watched.switchSteps.push(step); }
                }
                last = { now, mediaTime, height };
                watched.frames++;
                video.requestVideoFrameCallback(onFrame);
              };
              setInterval(() => {
                const { buffered, currentTime } = video;
                for (let i = 1; i < buffered.length; i++) {
                  if (buffered.end(i) > currentTime) { window.watched.holes++; }
                }
              }, 50);
              setTimeout(() => video.requestVideoFrameCallback(onFrame), {{SecondsToSettle}} * 1000);
              setTimeout(() => {
                window.undisturbed = window.watched;
                window.watched = seen();
                resolve();
              }, ({{SecondsToSettle}} + {{SecondsUndisturbed}}) * 1000);
            })
            """);
        Figures before = await FiguresAsync(page);
        await PageWatch.NoteStallsAsync(page);               // the start is not the subject
        List<double> seconds = [];
        for (int i = 0; i < Switches; i++)
        {
            (string rendition, int height) = i % 2 == 0 ? (TwoRenditions.Low, TwoRenditions.LowHeight) : ("source", TwoRenditions.SourceHeight);
            seconds.Add(await page.EvaluateAsync<double>("""
                ([rendition, height]) => new Promise((resolve, reject) => {
                  const video = document.querySelector('video');
                  const select = document.querySelector('#quality');
                  const asked = performance.now();
                  const timeout = setTimeout(() => reject(new Error(`${rendition} did not come: ${JSON.stringify(window.mirrorPlayer.lastError)}`)), 10_000);
                  const look = (now, frame) => {
                    if (frame.height === height) {
                      clearTimeout(timeout);
                      resolve((now - asked) / 1000);
                    } else {
                      video.requestVideoFrameCallback(look);
                    }
                  };
                  video.requestVideoFrameCallback(look);
                  select.value = rendition;
                  select.dispatchEvent(new Event('change'));
                })
                """, new object[] { rendition, height }));
            await Assertions.Expect(page.Locator("#f-rendition")).ToHaveTextAsync(rendition);
        }
        Figures after = await FiguresAsync(page);
        Watched undisturbed = await ReadAsync<Watched>(page, "window.undisturbed");
        Watched watched = await ReadAsync<Watched>(page, "window.watched");
        seconds.Sort();
        output.WriteLine($"{Switches} switches: p50 {seconds[Switches / 2]:F2} s, longest {seconds[^1]:F2} s from the choice to the screen");
        output.WriteLine($"stalls {after.Stalls - before.Stalls}, errors {after.Errors - before.Errors} {after.LastError}, holes {watched.Holes}, "
            + $"dropped {after.DroppedFrames - before.DroppedFrames} of {after.TotalFrames - before.TotalFrames} frames");
        output.WriteLine($"pictures skipped: {watched.Skipped} of {watched.Frames} while switching, {undisturbed.Skipped} of {undisturbed.Frames} before; "
            + $"longest pause between two {watched.LongestPause:F0} ms, before {undisturbed.LongestPause:F0} ms");
        output.WriteLine($"media time from the last picture of one rendition to the first of the next: {string.Join(", ", watched.SwitchSteps.GroupBy(step => Math.Round(step * 1000)).OrderBy(group => group.Key).Select(group => $"{group.Key} ms × {group.Count()}"))}");
        output.WriteLine($"latency {before.Latency:F3} s before, {after.Latency:F3} s after");

        bool isSmooth = limits.StallsAreExplained($"player over {Switches} switches", await PageWatch.StallsAsync(page, output));
        Assert.Equal(0, watched.Holes);
        if (isSmooth) { Assert.Equal(0, after.Errors - before.Errors); }
        Assert.True(await page.EvaluateAsync<bool>("() => document.querySelector('video').error === null"));
        Assert.Equal(Switches, after.Switches - before.Switches);
        Assert.Equal(Switches, watched.SwitchSteps.Length);
        // The next picture in nearly all: a busy machine drops some, a switch within a segment loses them in every other one.
        Assert.InRange(watched.SwitchSteps.Count(step => step > 1.5 / TwoRenditions.FrameRate), 0, Switches / 5);
        limits.AtMost("longest switch of renditions", TimeSpan.FromSeconds(seconds[^1]), LongestSwitch);
        Assert.Empty(_browser.Errors);
    }

    [Fact]
    public async Task Automatic_choice_starts_high_and_says_what_plays()
    {
        IPage page = await OpenAsync();
        await page.WaitForFunctionAsync($"() => document.querySelector('video').videoHeight === {TwoRenditions.SourceHeight}", null, new PageWaitForFunctionOptions { Timeout = Patience });
        ILocator options = page.Locator("#quality option");
        await Assertions.Expect(options).ToHaveTextAsync(["Auto · source", "Source · 360p", "180p"]);
        await Assertions.Expect(page.Locator("#f-resolution")).ToHaveTextAsync("640 × 360");
        await Assertions.Expect(page.Locator("#f-frames")).ToContainTextAsync("fps", new LocatorAssertionsToContainTextOptions { Timeout = Patience });
        await page.Locator("#quality").SelectOptionAsync(TwoRenditions.Low);
        await Assertions.Expect(page.Locator("#f-resolution")).ToHaveTextAsync("320 × 180", new LocatorAssertionsToHaveTextOptions { Timeout = Patience });
        await Assertions.Expect(options.First).ToHaveTextAsync("Auto");
        await page.Locator("#quality").SelectOptionAsync("");
        await Assertions.Expect(page.Locator("#f-resolution")).ToHaveTextAsync("640 × 360", new LocatorAssertionsToHaveTextOptions { Timeout = Patience });
    }

    private async Task<IPage> OpenAsync()
    {
        IPage page = await _browser.OpenAsync(new Uri(_server.Https, $"watch/{Stream}"));
        await page.WaitForFunctionAsync("() => window.mirrorPlayer?.state === 'playing'", null, new PageWaitForFunctionOptions { Timeout = Patience });
        return page;
    }

    private static Task<Figures> FiguresAsync(IPage page)
        => ReadAsync<Figures>(page, "(({ latency, stalls, errors, lastError, switches, droppedFrames, totalFrames }) => ({ latency, stalls, errors, lastError, switches, droppedFrames, totalFrames }))(window.mirrorPlayer)");

    private static async Task<T> ReadAsync<T>(IPage page, string expression)
        => JsonSerializer.Deserialize<T>(await page.EvaluateAsync<string>($"() => JSON.stringify({expression})"), JsonSerializerOptions.Web)!;

    private sealed record Figures(double? Latency, int Stalls, int Errors, string LastError, int Switches, int DroppedFrames, int TotalFrames);

    private sealed record Watched(int Frames, double LongestPause, double LongestStep, int Skipped, double[] SwitchSteps, int Holes);
}
