using System.Net.Sockets;
using Azure.Core;
using Azure.Core.Pipeline;

namespace Mirror.Streams.Shared;

/// <summary>Turns a bare <see cref="SocketException"/>, which a connection that breaks while it is opened ends in, into what calls are repeated for.</summary>
internal sealed class BrokenConnectionPolicy : HttpPipelinePolicy
{
    /// <inheritdoc/>
    public override void Process(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline)
    {
        try { ProcessNext(message, pipeline); }
        catch (SocketException error) { throw new IOException(error.Message, error); }
    }

    /// <inheritdoc/>
    public override async ValueTask ProcessAsync(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline)
    {
        try { await ProcessNextAsync(message, pipeline); }
        catch (SocketException error) { throw new IOException(error.Message, error); }
    }
}
