using Microsoft.Playwright;
using Mirror.EndToEnd.Browser;
using Mirror.EndToEnd.Media;
using Mirror.EndToEnd.RealTime;

namespace Mirror.EndToEnd.Cases;

/// <summary>Streams without IDR pictures, whose beginning nobody saw (B02): Mirror joins them in the middle, and so do viewers.</summary>
[Trait(TestRuns.Trait, TestRuns.RealTime)]
public sealed class RefreshCaseTests(ITestOutputHelper output)
{
    private const string IntraRefresh = "-x264-params intra-refresh=1:keyint=50:bframes=0";
    private const string OpenGop = "-x264-params open-gop=1:keyint=25:min-keyint=25:scenecut=0:bframes=2";
    private const int FramesToSee = 25;
    private const int Patience = 60_000;                     // milliseconds: a busy machine; it takes two seconds

    /// <summary>The given files: smaller than every rung, so the source alone would be no help. In B09 key frames are up to 8.3 s apart.</summary>
    [Fact]
    public async Task Viewers_see_the_encoded_renditions_of_small_streams()
    {
        await using var viewers = await Viewers.StartAsync(output);
        await Task.WhenAll(new[] { "B02-refresh.ts", "B02-opengop.ts", "B09.ts" }.Select(name => viewers.PlayAsync(name, CaseFile.Read(name))));
    }

    /// <summary>
    /// The source is the first choice of the page: its decoder refuses it, silently or with an error. The last of these begins with its
    /// IDR picture, the only one there is; that browsers cannot join it, and need a rung, shows only later.
    /// </summary>
    [Fact]
    public async Task Viewers_whose_decoder_refuses_the_source_see_the_encoded_rendition()
    {
        using CaseEdit silent = await MakeAsync(IntraRefresh, "640x360", 1.5);
        using CaseEdit withError = await MakeAsync(OpenGop, "640x360", 0.7);
        using CaseEdit begun = await MakeAsync(IntraRefresh, "160x90", 0);
        await using var viewers = await Viewers.StartAsync(output);
        await Task.WhenAll(viewers.PlayAsync("refused in silence", silent.Case), viewers.PlayAsync("refused with an error", withError.Case), viewers.PlayAsync("begun with an IDR picture", begun.Case));
    }

    /// <summary>The first viewer comes before the encoded rendition does.</summary>
    [Fact]
    public async Task A_viewer_who_comes_before_the_encoded_rendition_waits_for_it()
    {
        using CaseEdit file = await MakeAsync(IntraRefresh, "640x360", 1.5);
        await using var viewers = await Viewers.StartAsync(output);
        await viewers.PlayAsync("early", file.Case, isEarly: true);
    }

    private static async Task<CaseEdit> MakeAsync(string encoder, string size, double from)
    {
        TestMedia media = new("libx264", "25", 2, 0) { Seconds = 30, Size = size, VideoMore = $"{encoder} -b:v 600k" };
        return await CaseEdit.MakeAsync(await media.MakeAsync(), FormattableString.Invariant($"cut --from {from} --to 100"));
    }

    /// <summary>A server, its streams, and a browser with a page for each.</summary>
    private sealed class Viewers(MirrorServer server, ChromiumBrowser browser, ITestOutputHelper output) : IAsyncDisposable
    {
        private int _streams;

        public static async Task<Viewers> StartAsync(ITestOutputHelper output)
            => new(await MirrorServer.StartAsync(), await ChromiumBrowser.StartAsync(), output);

        public async ValueTask DisposeAsync()
        {
            await browser.DisposeAsync();
            await server.DisposeAsync();
        }

        /// <summary>Pushes a file, opens its page, and waits until a second of video was shown.</summary>
        public async Task PlayAsync(string what, CaseFile file, bool isEarly = false)
        {
            string stream = $"cam{Interlocked.Increment(ref _streams)}";
            await using CasePush push = CasePush.Start(server, file, stream);
            if (isEarly) { await server.WaitForPlaylistAsync(stream); }
            else { await WaitForRenditionAsync(stream); }
            IPage page = await browser.OpenAsync(new Uri(server.Https, $"watch/{stream}"));
            double seconds = await page.EvaluateAsync<double>($$"""
                () => new Promise((done, fail) => {
                  const video = document.querySelector('video');
                  const patience = setTimeout(() => {
                    const { state, rendition, errors, lastError } = window.mirrorPlayer;
                    fail(new Error(JSON.stringify({ state, rendition, errors, lastError, time: video.currentTime })));
                  }, {{Patience}});
                  let frames = 0, first = 0;
                  const look = () => {
                    const { state, rendition } = window.mirrorPlayer;
                    const isShown = state === 'playing' && rendition === '360p';
                    if (isShown) { first ||= performance.now(); }
                    frames = isShown ? frames + 1 : 0;
                    if (frames >= {{FramesToSee}}) {
                      clearTimeout(patience);
                      done(first / 1000);
                    } else {
                      video.requestVideoFrameCallback(look);
                    }
                  };
                  video.requestVideoFrameCallback(look);
                })
                """);
            string errors = await page.EvaluateAsync<string>("() => `${window.mirrorPlayer.errors} errors, ${window.mirrorPlayer.lastError}`");
            output.WriteLine($"{what}: 360p shown {seconds:F1} s after the page was opened; {errors}");
            Assert.Empty(browser.Errors);
            await page.CloseAsync();
        }

        private Task WaitForRenditionAsync(string stream) => Eventually.TrueAsync(async () =>
        {
            using HttpResponseMessage response = await server.Client.GetAsync(PlayCase.Playlist(server, stream, "360p"));
            return response.IsSuccessStatusCode && (await response.Content.ReadAsStringAsync()).Contains("INDEPENDENT=YES", StringComparison.Ordinal);
        }, "360p has frames to start with");
    }
}
