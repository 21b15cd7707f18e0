using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Mirror.EndToEnd.RealTime;

/// <summary>A page of another site, which plays a stream with a player as it comes.</summary>
public sealed class StockPlayerPage : IAsyncDisposable
{
    private static readonly string Folder = Path.Combine(AppContext.BaseDirectory, "RealTime");
    private static readonly string[] Players = ["hls.js", "video.js"];
    private readonly WebApplication _site;

    private StockPlayerPage(WebApplication site) => _site = site;

    public static async Task<StockPlayerPage> StartAsync()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        WebApplication site = builder.Build();
        site.MapGet("/", () => Results.File(Path.Combine(Folder, "stock.html"), "text/html"));
        foreach (string player in Players) { site.MapGet($"/{player}.js", () => Results.File(Path.Combine(Folder, $"{player}.js"), "text/javascript")); }
        await site.StartAsync();
        return new StockPlayerPage(site);
    }

    /// <summary>The page's address for a player and a playlist.</summary>
    public Uri For(string player, Uri playlist) => new($"{_site.Urls.Single()}/?player={player}&playlist={Uri.EscapeDataString(playlist.ToString())}");

    public async ValueTask DisposeAsync()
    {
        await _site.StopAsync();
        await _site.DisposeAsync();
    }
}
