using System.Net;
using System.Reflection;

namespace Mirror.ServiceDefaults.Configuration;

/// <summary>Finds two settings that want the same port.</summary>
internal static class PortClashes
{
    /// <exception cref="MirrorStartException">Two ports clash.</exception>
    public static void ThrowIfAny(IEnumerable<BoundSetting> settings)
    {
        var taken = new List<(BoundSetting Setting, PortAttribute Port, IPAddress Address, int Number)>();
        foreach (BoundSetting setting in settings)
        {
            if (setting.Property.GetCustomAttribute<PortAttribute>() is not { } port) { continue; }
            int number = (int)setting.Value!;
            if (number == 0 || Read(setting, port.EnabledProperty) is false) { continue; }
            IPAddress address = Read(setting, port.AddressProperty) is string text ? LocalAddressAttribute.ToAddress(text) : IPAddress.IPv6Any;
            foreach ((BoundSetting other, PortAttribute otherPort, IPAddress otherAddress, int otherNumber) in taken)
            {
                PortProtocol shared = port.Protocol & otherPort.Protocol;
                if (number != otherNumber || shared == PortProtocol.None || !Overlap(address, otherAddress)) { continue; }
                throw ConfigurationError.BadValue(setting,
                    $"the {shared.ToString().ToLowerInvariant()} port is taken by {other.Key} = {otherNumber}; allowed is another one, or 0 for a free one");
            }
            taken.Add((setting, port, address, number));
        }
    }

    private static object? Read(BoundSetting setting, string? property)
        => property is null ? null : setting.Owner.GetType().GetProperty(property)!.GetValue(setting.Owner);

    private static bool Overlap(IPAddress a, IPAddress b) => IsAny(a) || IsAny(b) || a.Equals(b);

    private static bool IsAny(IPAddress address) => address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any);
}
