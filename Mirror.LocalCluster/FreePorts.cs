using System.Net;
using System.Net.Sockets;

namespace Mirror.LocalCluster;

/// <summary>Ports of this machine that nobody uses, for programs that must be told theirs.</summary>
internal static class FreePorts
{
    private static readonly Lock Lock = new();
    private static readonly HashSet<int> Given = [];

    /// <summary>A port that is free for TCP and UDP on the loopback address, and was not given before.</summary>
    public static int Take()
    {
        while (true)
        {
            using var tcp = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            using var udp = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            tcp.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            int port = ((IPEndPoint)tcp.LocalEndPoint!).Port;
            try { udp.Bind(new IPEndPoint(IPAddress.Loopback, port)); }
            catch (SocketException) { continue; }
            lock (Lock)
            {
                if (Given.Add(port)) { return port; }
            }
        }
    }
}
