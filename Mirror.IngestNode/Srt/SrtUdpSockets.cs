using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Mirror.IngestNode.Srt;

/// <summary>Several UDP sockets on one port: the kernel spreads callers over them by address, and libsrt gives each its own receive worker.</summary>
/// <remarks>
/// One libsrt worker handles a packet in about 4 µs, so 25 streams of 50 Mbit/s need more than one. None of the group may be closed
/// while streams live: the kernel would spread the callers anew.
/// </remarks>
internal static class SrtUdpSockets
{
    private const int SocketLevel = 1;                       // SOL_SOCKET
    private const int ReusePort = 15;                        // SO_REUSEPORT
    private const int ForceReceiveBuffer = 33;               // SO_RCVBUFFORCE: past rmem_max, with CAP_NET_ADMIN
    private const int LargestSelectable = 1023;              // libsrt waits with select(), whose sets end there

    /// <summary>Binds <paramref name="count"/> sockets to one address and port; port 0 takes a free one for all.</summary>
    /// <returns>Their file descriptors, for libsrt to own and close, and the port.</returns>
    /// <exception cref="SocketException">The port is taken or the address is not this machine's.</exception>
    public static (int[] Descriptors, int Port) Bind(IPAddress address, int port, int count)
    {
        var sockets = new List<Socket>(count);
        try
        {
            for (int i = 0; i < count; i++)
            {
                var socket = new Socket(address.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
                sockets.Add(socket);
                if (address.Equals(IPAddress.IPv6Any)) { socket.DualMode = true; }
                // The first binds without sharing, so that a port in use by another program is told, then all share it.
                if (i == 0) { EnsureFree(address, port); }
                socket.SetRawSocketOption(SocketLevel, ReusePort, [1, 0, 0, 0]);
                socket.Bind(new IPEndPoint(address, port));
                port = ((IPEndPoint)socket.LocalEndPoint!).Port;
            }
            return ([.. sockets.Select(TakeDescriptor)], port);
        }
        catch
        {
            sockets.ForEach(socket => socket.Dispose());
            throw;
        }
    }

    /// <summary>Asks for a larger kernel buffer than the system's limit allows, and says what it got.</summary>
    /// <returns>Bytes of the kernel's receive buffer.</returns>
    public static int EnlargeReceiveBuffer(int descriptor, int bytes)
    {
        using var socket = new Socket(new SafeSocketHandle(descriptor, ownsHandle: false));
        Span<byte> value = stackalloc byte[sizeof(int)];
        MemoryMarshal.Write(value, bytes);
        try { socket.SetRawSocketOption(SocketLevel, ForceReceiveBuffer, value); }
        catch (SocketException) { /* without the privilege the system's limit stays in force: the caller reports the size */ }
        return socket.ReceiveBufferSize / 2;                 // Linux doubles the figure for its own book-keeping
    }

    private static void EnsureFree(IPAddress address, int port)
    {
        using var probe = new Socket(address.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        if (address.Equals(IPAddress.IPv6Any)) { probe.DualMode = true; }
        probe.Bind(new IPEndPoint(address, port));
    }

    private static int TakeDescriptor(Socket socket)
    {
        int descriptor = (int)socket.SafeHandle.DangerousGetHandle();
        if (descriptor > LargestSelectable)
        {
            throw new InvalidOperationException($"The SRT socket got file descriptor {descriptor}, above {LargestSelectable}: open SRT before other files.");
        }
        socket.SafeHandle.SetHandleAsInvalid();
        return descriptor;
    }
}
