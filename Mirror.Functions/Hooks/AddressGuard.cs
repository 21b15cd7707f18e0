using System.Net;
using System.Net.Sockets;

namespace Mirror.Functions.Hooks;

/// <summary>Decides which addresses webhooks may reach, where the connection is made: a name that resolves to something else later gets no further.</summary>
internal static class AddressGuard
{
    // Never a receiver: cloud machines answer with their credentials on link-local addresses, and the rest are no hosts.
    private static readonly IPNetwork[] Forbidden = [.. ((string[])["0.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3", "::/128", "fe80::/10", "ff00::/8"]).Select(IPNetwork.Parse)];

    // RFC 1918, RFC 6598 (carriers), RFC 4193, loopback, and what RFC 6890 sets aside for protocols, documents and benchmarks.
    private static readonly IPNetwork[] Private = [.. ((string[])[
        "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
        "::1/128", "2001:db8::/32", "fc00::/7", "fec0::/10"]).Select(IPNetwork.Parse)];
    private static readonly IPNetwork Nat64 = IPNetwork.Parse("64:ff9b::/96");
    private static readonly IPNetwork SixToFour = IPNetwork.Parse("2002::/16");

    /// <summary>Whether a webhook may be delivered to an address.</summary>
    public static bool IsAllowed(IPAddress address, bool allowPrivate)
    {
        IPAddress meant = Unwrap(address);
        return !Array.Exists(Forbidden, network => network.Contains(meant)) && (allowPrivate || !Array.Exists(Private, network => network.Contains(meant)));
    }

    /// <summary>Whether a URL names a private address outright, which can be said before anything is sent.</summary>
    public static bool IsPrivateHost(Uri url)
        => url.IsLoopback || (IPAddress.TryParse(url.DnsSafeHost, out IPAddress? address) && !IsAllowed(address, allowPrivate: false));

    /// <summary>Connects to the first address of a host that is allowed.</summary>
    /// <exception cref="HttpRequestException">None is.</exception>
    public static async ValueTask<Stream> ConnectAsync(DnsEndPoint host, bool allowPrivate, CancellationToken cancellationToken)
    {
        IPAddress[] all = await Dns.GetHostAddressesAsync(host.Host, cancellationToken);
        IPAddress[] allowed = [.. all.Where(address => IsAllowed(address, allowPrivate))];
        if (allowed.Length == 0) { throw new HttpRequestException($"{host.Host} has no address that a webhook may be sent to{(allowPrivate ? "" : ": hooks.allow_private forbids private ones")}."); }
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(allowed, host.Port, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>The IPv4 address inside an IPv6 address that is one by mapping (RFC 4291), by NAT64 (RFC 6052), or by 6to4 (RFC 3056).</summary>
    private static IPAddress Unwrap(IPAddress address)
    {
        if (address.AddressFamily != AddressFamily.InterNetworkV6) { return address; }
        if (address.IsIPv4MappedToIPv6) { return address.MapToIPv4(); }
        ReadOnlySpan<byte> bytes = address.GetAddressBytes();
        if (Nat64.Contains(address)) { return new IPAddress(bytes[12..]); }
        return SixToFour.Contains(address) ? new IPAddress(bytes[2..6]) : address;
    }
}
