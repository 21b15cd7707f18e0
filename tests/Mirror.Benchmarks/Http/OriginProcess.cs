using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Mirror.Origin;
using Mirror.Origin.Tests.Publishing;
using Mirror.Streams.Announcements;
using Mirror.Streams.Store;

namespace Mirror.Benchmarks.Http;

/// <summary>Mirror's origin, composed as its own program composes it, with a stream for each size of part. It also writes what it serves to files, for the others.</summary>
internal static class OriginProcess
{
    private const int Segments = 20;      // a full live window, from which nothing has been removed yet

    public static async Task<int> RunAsync(string folder)
    {
        await using WebApplication app = OriginHost.Build(
        [
            "--server.http_port", "0", "--server.https_port", "0", "--server.https_address", "127.0.0.1", "--server.certificate.path", Path.Combine(folder, "certificate.pem"),
            "--store.directory", Path.Combine(folder, "segments"), "--store.disk", "0", "--store.retention", "1h", "--documents.directory", Path.Combine(folder, "documents"),
            "--dvr.directory", Path.Combine(folder, "recordings"), "--logging.level", "warning",
        ]);
        await app.StartAsync();
        Publish(app.Services.GetRequiredService<IAnnouncements>(), app.Services.GetRequiredService<ISegmentStore>(), folder);
        ICollection<string> addresses = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses;
        string http = addresses.First(address => address.StartsWith("http:", StringComparison.Ordinal));
        using (var client = new HttpClient())
        {
            await File.WriteAllBytesAsync(folder + ServedFiles.PathOfPlaylist, await client.GetByteArrayAsync(new Uri(http + ServedFiles.PathOfPlaylist)));
        }
        Console.WriteLine($"ready {new Uri(http).Port} {new Uri(addresses.First(address => address.StartsWith("https:", StringComparison.Ordinal))).Port}");
        await app.WaitForShutdownAsync();
        return 0;
    }

    private static void Publish(IAnnouncements announcements, ISegmentStore store, string folder)
    {
        foreach ((string name, int length) in ServedFiles.Parts)
        {
            var rendition = new TestRendition(announcements, store, new RenditionKey(ServedFiles.Stream, name), isVideo: true, TimeSpan.FromMilliseconds(100), 5) { PartLength = length };
            rendition.Start().Init().Segments(Segments);
            string path = folder + ServedFiles.PathOfPart(name);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllBytes(path, rendition.Parts[(TestRendition.FirstMsn, 0)]);
        }
    }
}
