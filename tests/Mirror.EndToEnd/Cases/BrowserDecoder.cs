using Microsoft.Playwright;
using Mirror.EndToEnd.Browser;

namespace Mirror.EndToEnd.Cases;

/// <summary>Whether a browser decodes a rendition: Media Source Extensions without a player that could work around faults.</summary>
internal static class BrowserDecoder
{
    /// <summary>Appends the initialization segments and segments as the playlist lists them, plays them, and waits until most of them were shown.</summary>
    private const string Script = """
        async ([playlist, type]) => {
          const text = await (await fetch(playlist)).text();
          const media = document.createElement('video');
          media.muted = true;
          document.body.append(media);
          const source = new MediaSource();
          media.src = URL.createObjectURL(source);
          await new Promise(done => source.addEventListener('sourceopen', done, { once: true }));
          const buffer = source.addSourceBuffer(type);
          const append = async name => {
            const bytes = await (await fetch(new URL(name, playlist))).arrayBuffer();
            await new Promise((done, fail) => {
              buffer.addEventListener('updateend', done, { once: true });
              buffer.addEventListener('error', () => fail(new Error('append: ' + media.error?.message)), { once: true });
              buffer.appendBuffer(bytes);
            });
          };
          for (const line of text.split('\n')) {
            const map = /^#EXT-X-MAP:URI="([^"]+)"/.exec(line);
            if (map) await append(map[1]);
            else if (line && !line.startsWith('#')) await append(line);
          }
          const start = buffer.buffered.start(0), end = buffer.buffered.end(buffer.buffered.length - 1);
          source.endOfStream();
          media.currentTime = start + 0.01;
          await media.play();
          await new Promise((done, fail) => {
            media.addEventListener('error', () => fail(new Error('decode: ' + media.error?.message)));
            media.addEventListener('ended', done);
          });
          return [buffer.buffered.length, end - start, media.getVideoPlaybackQuality().totalVideoFrames, media.webkitAudioDecodedByteCount];
        }
        """;

    /// <summary>What the browser made of a rendition.</summary>
    /// <param name="Ranges">Pieces without a hole between them.</param>
    /// <param name="Seconds">From the first to the last.</param>
    /// <param name="Frames">Frames decoded.</param>
    /// <param name="AudioBytes">Bytes of audio decoded.</param>
    public sealed record Decoded(int Ranges, double Seconds, int Frames, int AudioBytes);

    /// <summary>Decodes the rendition of a stream that has ended. Throws where the browser refuses it.</summary>
    /// <param name="type">The type as MSE takes it: <c>video/mp4; codecs="avc1.64000A"</c>.</param>
    public static async Task<Decoded> DecodeAsync(MirrorServer server, string stream, string rendition, string type)
    {
        await using ChromiumBrowser browser = await ChromiumBrowser.StartAsync();
        IPage page = await browser.OpenAsync(server.Https);
        double[] result = await page.EvaluateAsync<double[]>(Script, new[] { new Uri(server.Https, $"live/{stream}/{rendition}/playlist.m3u8").ToString(), type });
        return new Decoded((int)result[0], result[1], (int)result[2], (int)result[3]);
    }
}
