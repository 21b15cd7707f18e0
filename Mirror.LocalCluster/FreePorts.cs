using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Mirror.LocalCluster;

/// <summary>Ports of this machine that nobody uses, for programs that must be told theirs.</summary>
/// <remarks>
/// None is of the range that the kernel takes local ports from. Who calls a server of that range before it listens, again and again, sooner
/// or later gets the server's port as its own, is connected with itself, and the server cannot start.
/// </remarks>
internal static class FreePorts
{
    private const string LocalRange = "/proc/sys/net/ipv4/ip_local_port_range";
    private const int First = 15_000;
    private const int UsualEnd = 32_768;
    private static readonly int End = ReadEnd();
    private static readonly Lock Lock = new();
    private static readonly HashSet<int> Given = [];

    /// <summary>A port that is free for TCP and UDP on the loopback address, and was not given before.</summary>
    public static int Take()
    {
        while (true)
        {
            int port = Random.Shared.Next(First, End);
            if (!IsFree(port)) { continue; }
            lock (Lock)
            {
                if (Given.Add(port)) { return port; }
            }
        }
    }

    private static bool IsFree(int port)
    {
        using var tcp = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        using var udp = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        try
        {
            tcp.Bind(new IPEndPoint(IPAddress.Loopback, port));
            tcp.Listen();
            udp.Bind(new IPEndPoint(IPAddress.Loopback, port));
            return true;
        }
        catch (SocketException) { return false; }
    }

    private static int ReadEnd()
        => File.Exists(LocalRange) && int.TryParse(File.ReadAllText(LocalRange).Split('\t', ' ')[0], CultureInfo.InvariantCulture, out int first) && first > First + 1_000
            ? first
            : UsualEnd;
}
