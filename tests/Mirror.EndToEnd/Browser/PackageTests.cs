using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.FileProviders;
using Microsoft.Extensions.Logging;
using Microsoft.Playwright;
using Mirror.EndToEnd.Media;

namespace Mirror.EndToEnd.Browser;

/// <summary>The npm package of the player, on a page of another site.</summary>
public sealed class PackageTests
{
    // The page of the package's README, with the addresses filled in: no bundler, so an import map says where hls.js is.
    private const string Page = """
        <!doctype html><meta charset="utf-8"><title>another site</title>
        <script type="importmap">{ "imports": { "mirror-player": "/package/mirror-player.js", "hls.js": "/hls/hls.mjs" } }</script>
        <video id="video" muted playsinline></video>
        <script type="module">
          import { play } from 'mirror-player';
          window.player = play(document.getElementById('video'), 'PLAYLIST');
        </script>
        """;

    [Fact]
    public async Task A_page_of_another_site_plays_with_three_lines()
    {
        string folder = Directory.CreateTempSubdirectory("mirror-package-").FullName;
        try
        {
            string web = Path.Combine(Repository.Root, "Mirror.Origin/web");
            await Tool.RunAsync("env", $"MIRROR_PACKAGE_OUTPUT={folder} npm --prefix {web} run --silent package");
            Assert.All(new[] { "package.json", "README.md", "mirror-player.js", "types/embed.d.ts" }, file => Assert.True(File.Exists(Path.Combine(folder, file)), file));
            await using MirrorServer server = await MirrorServer.StartAsync();
            await using WebApplication site = await ServeAsync(folder, Path.Combine(web, "node_modules/hls.js/dist"), new Uri(server.Https, "live/cam/playlist.m3u8"));
            await using ChromiumBrowser browser = await ChromiumBrowser.StartAsync();
            await using Tool push = new TestMedia("libx264", "25", 1, 0).PushLive(server.SrtUrl("cam"));        // until the page plays, however long that takes
            await server.WaitForPlaylistAsync("cam");
            IPage page = await browser.OpenAsync(new Uri(site.Urls.Single()));
            await page.WaitForFunctionAsync("() => window.player?.state === 'playing' && window.player.metrics.totalFrames > 25 && window.player.metrics.latency !== null");
            await page.EvaluateAsync("() => window.player.destroy()");
            Assert.Equal("paused", await page.EvaluateAsync<string>("() => window.player.state"));
            Assert.Empty(browser.Errors);
        }
        finally { Directory.Delete(folder, recursive: true); }
    }

    private static async Task<WebApplication> ServeAsync(string package, string hls, Uri playlist)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        WebApplication site = builder.Build();
        var types = new Microsoft.AspNetCore.StaticFiles.FileExtensionContentTypeProvider();
        types.Mappings[".mjs"] = "text/javascript";
        site.UseStaticFiles(new StaticFileOptions { FileProvider = new PhysicalFileProvider(package), RequestPath = "/package" });
        site.UseStaticFiles(new StaticFileOptions { FileProvider = new PhysicalFileProvider(hls), RequestPath = "/hls", ContentTypeProvider = types });
        site.MapGet("/", () => Results.Text(Page.Replace("PLAYLIST", playlist.ToString(), StringComparison.Ordinal), "text/html"));
        await site.StartAsync();
        return site;
    }
}
