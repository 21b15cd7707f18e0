using System.Net;
using System.Net.Quic;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Mirror.ServiceDefaults.Certificates;
using Mirror.ServiceDefaults.Cluster;
using Mirror.ServiceDefaults.Configuration;

namespace Mirror.ServiceDefaults.Hosting;

/// <summary>Sets Kestrel up for live delivery: many short requests, many of them held until a part exists.</summary>
public static class KestrelExtensions
{
    // A player holds one request a rendition and fetches parts beside them; a proxy puts many players on one connection.
    private const int MaxStreamsPerConnection = 1000;
    private const long MaxRequestBodySize = 1 << 20;    // API bodies are small; media never arrives over HTTP
    private static readonly TimeSpan RequestHeadersTimeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan IdleTimeout = TimeSpan.FromSeconds(75);
    private static readonly TimeSpan PingDelay = TimeSpan.FromSeconds(20);     // finds viewers that vanished behind a held request
    private static readonly TimeSpan PingTimeout = TimeSpan.FromSeconds(10);

    /// <summary>Listens as the section <c>server</c> says: HTTPS with HTTP/1.1, HTTP/2 and, where QUIC is available, HTTP/3; plain HTTP on the loopback address.</summary>
    /// <exception cref="MirrorStartException">The certificate cannot be used.</exception>
    public static WebApplicationBuilder UseMirrorKestrel(this WebApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ServerOptions options = builder.AddMirrorOptions<ServerOptions>("server");
        ClusterOptions cluster = builder.AddMirrorOptions<ClusterOptions>("cluster");
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration();
        bool http3 = HasHttp3(options);
        if (http3) { builder.WebHost.UseQuic(); }
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            X509Certificate2 certificate = ServerCertificate.Load(options.Certificate, TimeProvider.System);
            SetLimits(kestrel);
            Listen(kestrel, options.HttpsAddress, options.HttpsPort, listener =>
            {
                listener.Protocols = http3 ? HttpProtocols.Http1AndHttp2AndHttp3 : HttpProtocols.Http1AndHttp2;
                listener.UseHttps(https => SetTls(https, certificate, options.EnableTls12));
            });
            if (cluster.IsEnabled) { Listen(kestrel, cluster.ListenAddress, cluster.Port, listener => listener.Protocols = HttpProtocols.Http2); }
            if (options.EnableHttp) { Listen(kestrel, options.HttpAddress, options.HttpPort, listener => listener.Protocols = HttpProtocols.Http1); }
        });
        return builder;
    }

    /// <summary>HTTP/3 needs the MsQuic library and a port that is known before it is bound.</summary>
    internal static bool HasHttp3(ServerOptions options)
        => (OperatingSystem.IsLinux() || OperatingSystem.IsWindows() || OperatingSystem.IsMacOS()) && QuicListener.IsSupported && options.HttpsPort != 0;

    private static void SetLimits(KestrelServerOptions kestrel)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxRequestBodySize = MaxRequestBodySize;
        kestrel.Limits.RequestHeadersTimeout = RequestHeadersTimeout;
        kestrel.Limits.KeepAliveTimeout = IdleTimeout;
        kestrel.Limits.Http2.MaxStreamsPerConnection = MaxStreamsPerConnection;
        kestrel.Limits.Http2.KeepAlivePingDelay = PingDelay;
        kestrel.Limits.Http2.KeepAlivePingTimeout = PingTimeout;
        // MinResponseDataRate stays: it times writes only, so a held request may wait, while a viewer that stops reading a part is cut off.
    }

    private static void SetTls(HttpsConnectionAdapterOptions https, X509Certificate2 certificate, bool enableTls12)
    {
        https.ServerCertificate = certificate;
        https.SslProtocols = enableTls12 ? SslProtocols.Tls12 | SslProtocols.Tls13 : SslProtocols.Tls13;
    }

    private static void Listen(KestrelServerOptions kestrel, string address, int port, Action<ListenOptions> configure)
    {
        if (address == LocalAddressAttribute.Any) { kestrel.ListenAnyIP(port, configure); }   // falls back to IPv4 where there is no IPv6
        else { kestrel.Listen(IPAddress.Parse(address), port, configure); }
    }
}
