using System.Net.Sockets;
using Azure;
using Azure.Core.Pipeline;
using Azure.Storage.Blobs;
using Mirror.Streams.Shared;

namespace Mirror.Streams.Tests.Store;

public sealed class BrokenConnectionHandlerTests
{
    [Fact]
    public async Task A_connection_that_breaks_while_it_is_opened_is_an_error_of_the_request()
    {
        using var client = new HttpClient(new BrokenConnectionHandler(new BreakingHandler()));
        HttpRequestException error = await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync(new Uri("http://127.0.0.1:1/")));
        Assert.Equal(HttpRequestError.ConnectionError, error.HttpRequestError);
        Assert.IsType<SocketException>(error.InnerException);
        using var request = new HttpRequestMessage(HttpMethod.Get, "http://127.0.0.1:1/");
        Assert.Throws<HttpRequestException>(() => client.Send(request));
    }

    [Fact]
    public async Task The_store_is_asked_again()
    {
        var breaking = new BreakingHandler();
        using var client = new HttpClient(new BrokenConnectionHandler(breaking));
        var options = new BlobClientOptions { Transport = new HttpClientTransport(client), Retry = { MaxRetries = 2, Delay = TimeSpan.FromMilliseconds(1) } };
        var blob = new BlobClient(new Uri("http://127.0.0.1:1/account/container/blob"), options);
        AggregateException error = await Assert.ThrowsAsync<AggregateException>(async () => await blob.ExistsAsync());
        Assert.All(error.InnerExceptions, inner => Assert.IsType<RequestFailedException>(inner));
        Assert.Equal(3, breaking.Calls);
    }

    /// <summary>What <see cref="SocketsHttpHandler"/> does where the peer is gone by the time that it asks for its address.</summary>
    private sealed class BreakingHandler : HttpMessageHandler
    {
        public int Calls { get; private set; }

        protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken) => throw Break();

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) => Task.FromException<HttpResponseMessage>(Break());

        private SocketException Break()
        {
            Calls++;
            return new SocketException((int)SocketError.NotConnected);
        }
    }
}
