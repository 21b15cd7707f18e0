using System.ComponentModel.DataAnnotations;
using Mirror.ServiceDefaults.Configuration;
using Mirror.Streams.Configuration;

namespace Mirror.ServiceDefaults.Hosting;

/// <summary>The HTTP server of the process: section <c>server</c>.</summary>
public sealed class ServerOptions
{
    /// <summary>Port for HTTPS with HTTP/1.1 and HTTP/2, and HTTP/3 where it is available; 0 takes a free one (and then no HTTP/3). Default 8443.</summary>
    [Port(PortProtocol.Tcp | PortProtocol.Udp, AddressProperty = nameof(HttpsAddress))] public int HttpsPort { get; set; } = 8443;

    /// <summary>Local address for HTTPS; <c>*</c> is every one. Default <c>*</c>.</summary>
    [LocalAddress] public string HttpsAddress { get; set; } = LocalAddressAttribute.Any;

    /// <summary>Whether to serve plain HTTP as well. Default true, on the loopback address.</summary>
    public bool EnableHttp { get; set; } = true;

    /// <summary>Port for plain HTTP/1.1; 0 takes a free one. Default 8080.</summary>
    [Port(PortProtocol.Tcp, AddressProperty = nameof(HttpAddress), EnabledProperty = nameof(EnableHttp))] public int HttpPort { get; set; } = 8080;

    /// <summary>Local address for plain HTTP. Default 127.0.0.1: only this machine.</summary>
    [LocalAddress] public string HttpAddress { get; set; } = "127.0.0.1";

    /// <summary>Whether TLS 1.2 is accepted beside 1.3. Default false.</summary>
    public bool EnableTls12 { get; set; }

    /// <summary>How long requests in flight may take to end when the process is told to stop. Default 10 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:05:00")] public TimeSpan ShutdownTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>The certificate for HTTPS.</summary>
    public CertificateOptions Certificate { get; set; } = new();
}
