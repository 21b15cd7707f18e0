using System.ComponentModel.DataAnnotations;
using Mirror.Streams.Configuration;

namespace Mirror.ServiceDefaults.Hosting;

/// <summary>The certificate for HTTPS: section <c>server.certificate</c>.</summary>
public sealed class CertificateOptions : IValidatableObject
{
    /// <summary>A PKCS #12 file, or a PEM file with certificate and key. Empty: a development certificate that Mirror makes. Default empty.</summary>
    [FilePath] public string Path { get; set; } = "";

    /// <summary>Password of the file. Default none.</summary>
    [Secret] public string Password { get; set; } = "";

    /// <summary>Folder of the development certificate. Default <c>.mirror/certs</c>.</summary>
    [FilePath, Required] public string Directory { get; set; } = ".mirror/certs";

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Path.Length > 0 && !File.Exists(Path)) { yield return new("allowed is a file that exists, or nothing for a development certificate", [nameof(Path)]); }
    }
}
