using System.ComponentModel.DataAnnotations;

namespace Mirror.ServiceDefaults.Configuration;

/// <summary>Marks a setting that is a port to listen on: 0 to 65535, where 0 takes a free one. Two ports in use must not clash.</summary>
/// <param name="protocol">Which ports it shares its numbers with.</param>
[AttributeUsage(AttributeTargets.Property)]
public sealed class PortAttribute(PortProtocol protocol) : RangeAttribute(0, ushort.MaxValue)
{
    /// <summary>Which ports it shares its numbers with.</summary>
    public PortProtocol Protocol { get; } = protocol;

    /// <summary>Name of the property with the address that the port is bound to; without one, the port is taken on every address.</summary>
    public string? AddressProperty { get; init; }

    /// <summary>Name of the <see cref="bool"/> property that says whether the port is opened at all.</summary>
    public string? EnabledProperty { get; init; }
}

/// <summary>Transport protocols of a port.</summary>
[Flags]
public enum PortProtocol
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>TCP.</summary>
    Tcp = 1,

    /// <summary>UDP.</summary>
    Udp = 2,
}
