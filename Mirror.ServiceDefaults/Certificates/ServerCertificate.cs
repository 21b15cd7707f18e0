using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Mirror.ServiceDefaults.Configuration;
using Mirror.ServiceDefaults.Hosting;

namespace Mirror.ServiceDefaults.Certificates;

/// <summary>The certificate that HTTPS presents: the configured one, else the development certificate.</summary>
internal static class ServerCertificate
{
    /// <exception cref="MirrorStartException">The configured file holds no certificate with its key, or the folder cannot be written.</exception>
    public static X509Certificate2 Load(CertificateOptions options, TimeProvider time)
    {
        try
        {
            return options.Path.Length > 0 ? LoadFile(options) : DevelopmentCertificate.LoadOrCreate(options.Directory, HostName(), time);
        }
        catch (Exception error) when (error is CryptographicException or IOException or UnauthorizedAccessException)
        {
            string key = options.Path.Length > 0 ? $"server.certificate.path = {options.Path}" : $"server.certificate.directory = {options.Directory}";
            throw new MirrorStartException($"{key}: {error.Message.ReplaceLineEndings(" ").TrimEnd('.')}.", error) { ExitCode = MirrorStartException.ConfigurationWrong };
        }
    }

    private static X509Certificate2 LoadFile(CertificateOptions options)
    {
        if (X509Certificate2.GetCertContentType(options.Path) == X509ContentType.Pkcs12)
        {
            return X509CertificateLoader.LoadPkcs12FromFile(options.Path, options.Password);
        }
        return options.Password.Length == 0
            ? X509Certificate2.CreateFromPemFile(options.Path, options.Path)
            : X509Certificate2.CreateFromEncryptedPemFile(options.Path, options.Password, options.Path);
    }

    /// <summary>This machine's name where it can stand in a certificate.</summary>
    private static string HostName()
    {
        string name = Dns.GetHostName();
        return Uri.CheckHostName(name) == UriHostNameType.Dns ? name : "localhost";
    }
}
