using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;
using Mirror.Streams.Shared;

namespace Mirror.ServiceDefaults.Cluster;

/// <summary>Calls other nodes over HTTP/2, and knows who may call this one.</summary>
public sealed class NodeClient : IDisposable
{
    private const string Scheme = "Bearer";
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(1);       // nodes are in one network
    private static readonly TimeSpan PingDelay = TimeSpan.FromSeconds(1);            // a node that is gone without a word is found out
    private static readonly TimeSpan PingTimeout = TimeSpan.FromSeconds(2);
    private readonly byte[] _authorization;
    private readonly HttpClient _http;

    /// <summary>Made once a process.</summary>
    public NodeClient(IOptions<ClusterOptions> options)
    {
        ArgumentNullException.ThrowIfNull(options);
        string key = options.Value.Key;
        _authorization = Encoding.UTF8.GetBytes($"{Scheme} {key}");
        var handler = new SocketsHttpHandler
        {
            ConnectTimeout = ConnectTimeout,
            EnableMultipleHttp2Connections = true,
            KeepAlivePingDelay = PingDelay,
            KeepAlivePingTimeout = PingTimeout,
            KeepAlivePingPolicy = HttpKeepAlivePingPolicy.Always,
            AutomaticDecompression = DecompressionMethods.None,
            InitialHttp2StreamWindowSize = 4 * 1024 * 1024,  // a feed of 50 Mbit/s: two thirds of a second
        };
        _http = new HttpClient(new BrokenConnectionHandler(handler)) { DefaultRequestVersion = HttpVersion.Version20, DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact, Timeout = Timeout.InfiniteTimeSpan };
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue(Scheme, key);
    }

    /// <summary>Sends a request to another node; returns once the headers of the answer are there.</summary>
    /// <exception cref="HttpRequestException">It cannot be reached.</exception>
    public Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        request.Version = HttpVersion.Version20;
        request.VersionPolicy = HttpVersionPolicy.RequestVersionExact;
        return _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
    }

    /// <summary>Gets an answer of another node; returns once its headers are there.</summary>
    /// <exception cref="HttpRequestException">It cannot be reached.</exception>
    public Task<HttpResponseMessage> GetAsync(Uri address, CancellationToken cancellationToken) => _http.GetAsync(address, HttpCompletionOption.ResponseHeadersRead, cancellationToken);

    /// <summary>Whether a request shows the cluster's key.</summary>
    public bool IsAuthorized(HttpRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        string shown = request.Headers.Authorization.ToString();
        return shown.Length <= 1024 && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(shown), _authorization);
    }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();
}
