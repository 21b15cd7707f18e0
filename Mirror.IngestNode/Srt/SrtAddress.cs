using System.Buffers.Binary;
using System.Net;

namespace Mirror.IngestNode.Srt;

/// <summary>Reads the sockaddr of Linux: family in host order, port and address in network order.</summary>
internal static class SrtAddress
{
    /// <summary>Room for any sockaddr.</summary>
    public const int BufferLength = 128;

    private const ushort InterNetwork = 2;
    private const ushort InterNetworkV6 = 10;
    private const int V4Length = 16;
    private const int V6Length = 28;

    /// <summary>The address and port; an IPv4 caller of a dual-stack listener comes out as IPv4. 0.0.0.0:0 when it can't be read.</summary>
    public static IPEndPoint Parse(ReadOnlySpan<byte> sockaddr)
    {
        ushort family = sockaddr.Length >= 2 ? BitConverter.ToUInt16(sockaddr) : (ushort)0;
        if (family == InterNetwork && sockaddr.Length >= V4Length)
        {
            return new IPEndPoint(new IPAddress(sockaddr.Slice(4, 4)), BinaryPrimitives.ReadUInt16BigEndian(sockaddr[2..]));
        }
        if (family == InterNetworkV6 && sockaddr.Length >= V6Length)
        {
            var address = new IPAddress(sockaddr.Slice(8, 16));
            return new IPEndPoint(address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address, BinaryPrimitives.ReadUInt16BigEndian(sockaddr[2..]));
        }
        return new IPEndPoint(IPAddress.Any, 0);
    }
}
