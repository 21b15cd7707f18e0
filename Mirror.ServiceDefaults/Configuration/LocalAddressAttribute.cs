using System.ComponentModel.DataAnnotations;
using System.Net;

namespace Mirror.ServiceDefaults.Configuration;

/// <summary>Marks a setting that names a local address to listen on: <c>*</c> for every one, or an IPv4 or IPv6 address.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class LocalAddressAttribute : ValidationAttribute
{
    /// <summary>Every address of the machine, IPv4 and IPv6.</summary>
    public const string Any = "*";

    /// <summary>The attribute.</summary>
    public LocalAddressAttribute() : base("allowed is * (every address) or an IP address such as 127.0.0.1 or ::1") { }

    /// <inheritdoc/>
    public override bool IsValid(object? value) => value is string text && (text == Any || IPAddress.TryParse(text, out _));

    /// <summary>Reads a valid value; <c>*</c> gives <see cref="IPAddress.IPv6Any"/>.</summary>
    public static IPAddress ToAddress(string value) => value == Any ? IPAddress.IPv6Any : IPAddress.Parse(value);
}
