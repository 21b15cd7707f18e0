using System.Net.Sockets;
using Azure.Core;
using Azure.Core.Pipeline;
using Azure.Storage.Blobs;
using Mirror.Streams.Shared;

namespace Mirror.Streams.Tests.Store;

public sealed class BrokenConnectionPolicyTests
{
    [Fact]
    public async Task A_connection_that_breaks_while_it_is_opened_is_tried_again()
    {
        var transport = new BreakingTransport();
        var options = new BlobClientOptions { Transport = transport, Retry = { MaxRetries = 2, Delay = TimeSpan.FromMilliseconds(1) } };
        options.AddPolicy(new BrokenConnectionPolicy(), HttpPipelinePosition.PerRetry);
        var blob = new BlobClient(new Uri("http://127.0.0.1:1/account/container/blob"), options);
        AggregateException error = await Assert.ThrowsAsync<AggregateException>(async () => await blob.ExistsAsync());
        Assert.All(error.InnerExceptions, inner => Assert.IsType<SocketException>(Assert.IsType<IOException>(inner).InnerException));
        Assert.Equal(3, transport.Calls);
    }

    /// <summary>What HttpClient does where the peer is gone by the time that it asks for its address.</summary>
    private sealed class BreakingTransport : HttpPipelineTransport
    {
        public int Calls { get; private set; }

        public override Request CreateRequest() => HttpClientTransport.Shared.CreateRequest();

        public override void Process(HttpMessage message) => Break();

        public override ValueTask ProcessAsync(HttpMessage message)
        {
            Break();
            return default;
        }

        private void Break()
        {
            Calls++;
            throw new SocketException((int)SocketError.NotConnected);
        }
    }
}
