using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace Mirror.Origin.Delivery;

/// <summary>Tunes Kestrel for parts: responses of 5 to 500 kB, each written in one call to thousands of viewers at once.</summary>
/// <remarks>
/// Measured with the <c>http</c> bench. Kestrel's cost beside nginx is not in HTTP but in moving bytes: each layer (response, TLS, transport)
/// copies into blocks of 4 KiB, TLS makes a record of each block, and every 64 KiB the writer waits until the socket has taken them.
/// </remarks>
internal static class LiveTransport
{
    /// <summary>
    /// Bytes of a connection that may wait for its socket before the writer waits too: a part of 100 ms at 20 Mbit/s. Five thousand viewers
    /// who all stop reading hold 1.3 GB, until the least response rate cuts them off.
    /// </summary>
    private const int WriteBufferSize = 256 * 1024;

    public static void TuneForParts(this IServiceCollection services)
    {
        services.AddSingleton<IMemoryPoolFactory<byte>, LargeBlockPoolFactory>();
        services.Configure<KestrelServerOptions>(kestrel => kestrel.Limits.MaxResponseBufferSize = WriteBufferSize);
        services.Configure<SocketTransportOptions>(sockets => sockets.MaxWriteBufferSize = WriteBufferSize);
        // While this category may log anything, hosting makes an activity and a log scope for each request. Failures are logged by others.
        services.AddLogging(logging => logging.AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.None));
    }
}
