using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Mirror.Benchmarks.Http;

/// <summary>The reference: Kestrel with its defaults, and nothing but a dictionary of arrays behind it.</summary>
internal static class BareKestrelProcess
{
    public static async Task<int> RunAsync(string folder)
    {
        Dictionary<string, byte[]> files = ServedFiles.Parts.Select(part => ServedFiles.PathOfPart(part.Name)).Append(ServedFiles.PathOfPlaylist)
            .ToDictionary(path => path, path => File.ReadAllBytes(folder + path), StringComparer.Ordinal);
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        using X509Certificate2 certificate = X509Certificate2.CreateFromPemFile(Path.Combine(folder, "certificate.pem"));
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(System.Net.IPAddress.Loopback, 0, listener => listener.Protocols = HttpProtocols.Http1);
            kestrel.Listen(System.Net.IPAddress.Loopback, 0, listener => listener.UseHttps(https =>
            {
                https.ServerCertificate = certificate;
                https.SslProtocols = SslProtocols.Tls13;
            }));
        });
        builder.Logging.ClearProviders();
        await using WebApplication app = builder.Build();
        app.Run(context =>
        {
            if (!files.TryGetValue(context.Request.Path.Value!, out byte[]? file))
            {
                context.Response.StatusCode = StatusCodes.Status404NotFound;
                return Task.CompletedTask;
            }
            context.Response.ContentType = "video/mp4";
            context.Response.ContentLength = file.Length;
            return context.Response.Body.WriteAsync(file).AsTask();
        });
        await app.StartAsync();
        ICollection<string> addresses = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses;
        Console.WriteLine($"ready {new Uri(addresses.First(address => address.StartsWith("http:", StringComparison.Ordinal))).Port} {new Uri(addresses.First(address => address.StartsWith("https:", StringComparison.Ordinal))).Port}");
        await app.WaitForShutdownAsync();
        return 0;
    }
}
