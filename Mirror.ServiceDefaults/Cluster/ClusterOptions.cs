using System.ComponentModel.DataAnnotations;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Mirror.ServiceDefaults.Configuration;
using Mirror.Streams.Configuration;

namespace Mirror.ServiceDefaults.Cluster;

/// <summary>How the nodes of a cluster reach each other: section <c>cluster</c>. Without a key a process is alone.</summary>
public sealed class ClusterOptions : IValidatableObject
{
    /// <summary>Fewest characters of a key.</summary>
    public const int ShortestKey = 16;

    private const int LongestName = 64;

    /// <summary>What nodes show each other, the same on all of them: 16 characters or more. Empty: no cluster. Default empty.</summary>
    [Secret] public string Key { get; set; } = "";

    /// <summary>This node's name, to which a part of its own is added at every start. Empty: this machine's. Default empty.</summary>
    public string Name { get; set; } = "";

    /// <summary>TCP port for other nodes: HTTP/2 without TLS, for a network that nobody else is on. Default 8081.</summary>
    [Port(PortProtocol.Tcp, AddressProperty = nameof(ListenAddress), EnabledProperty = nameof(IsEnabled))] public int Port { get; set; } = 8081;

    /// <summary>Local address for other nodes; <c>*</c> is every one. Default 127.0.0.1: nodes of this machine only.</summary>
    [LocalAddress] public string ListenAddress { get; set; } = "127.0.0.1";

    /// <summary>Base address at which other nodes reach this one. Empty: the listen address, or this machine's own, with the port. Default empty.</summary>
    public string Address { get; set; } = "";

    /// <summary>Whether this process is a node of a cluster.</summary>
    public bool IsEnabled => Key.Length > 0;

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Key.Length is > 0 and < ShortestKey) { yield return new($"allowed is a key of {ShortestKey} characters or more, or none", [nameof(Key)]); }
        if (Name.Length > LongestName || !Name.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_' or '.'))
        {
            yield return new($"allowed are up to {LongestName} letters, digits, '-', '_' and '.'", [nameof(Name)]);
        }
        if (IsEnabled && Port == 0) { yield return new("allowed is a port that other nodes can be told: 1-65535", [nameof(Port)]); }
        if (Address.Length > 0 && !(Uri.TryCreate(Address, UriKind.Absolute, out Uri? address) && address.Scheme is "http" or "https"))
        {
            yield return new("allowed is an address such as http://10.0.0.7:8081, or none", [nameof(Address)]);
        }
    }

    /// <summary>The address that other nodes are told.</summary>
    public Uri FindAddress()
    {
        if (Address.Length > 0) { return new Uri(Address); }
        string host = ListenAddress == LocalAddressAttribute.Any ? FindHostAddress() : IPAddress.Parse(ListenAddress) is { AddressFamily: AddressFamily.InterNetworkV6 } v6 ? $"[{v6}]" : ListenAddress;
        return new Uri($"http://{host}:{Port}");
    }

    /// <summary>The first address of this machine that others can reach: of a container, its only one.</summary>
    private static string FindHostAddress()
        => NetworkInterface.GetAllNetworkInterfaces()
            .Where(network => network.OperationalStatus == OperationalStatus.Up && network.NetworkInterfaceType != NetworkInterfaceType.Loopback)
            .SelectMany(network => network.GetIPProperties().UnicastAddresses)
            .Select(unicast => unicast.Address)
            .FirstOrDefault(address => address.AddressFamily == AddressFamily.InterNetwork)?.ToString() ?? "127.0.0.1";
}
