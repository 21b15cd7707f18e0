using System.Net.Sockets;

namespace Mirror.Streams.Shared;

/// <summary>
/// Turns the bare <see cref="SocketException"/> that <see cref="SocketsHttpHandler"/> throws when a peer goes between accepting a connection and
/// the first byte into <see cref="HttpRequestException"/>, which callers handle. Every HTTP client of Mirror is made with it.
/// </summary>
public sealed class BrokenConnectionHandler : DelegatingHandler
{
    /// <summary>For a factory, which sets what connects.</summary>
    public BrokenConnectionHandler()
    {
    }

    /// <param name="inner">What connects.</param>
    public BrokenConnectionHandler(HttpMessageHandler inner)
        : base(inner)
    {
    }

    /// <inheritdoc/>
    protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        try { return base.Send(request, cancellationToken); }
        catch (SocketException error) { throw ToRequestError(error); }
    }

    /// <inheritdoc/>
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        try { return await base.SendAsync(request, cancellationToken); }
        catch (SocketException error) { throw ToRequestError(error); }
    }

    // Nothing was sent yet, so the request may be repeated.
    private static HttpRequestException ToRequestError(SocketException error) => new(HttpRequestError.ConnectionError, error.Message, error);
}
