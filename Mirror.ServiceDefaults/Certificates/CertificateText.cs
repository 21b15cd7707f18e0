using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Mirror.ServiceDefaults.Hosting;

namespace Mirror.ServiceDefaults.Certificates;

/// <summary>The answer to <c>--print-certificate</c>.</summary>
internal static class CertificateText
{
    public static string Write(CertificateOptions options)
    {
        using X509Certificate2 certificate = ServerCertificate.Load(options, TimeProvider.System);
        return $"""
            kept in      {(options.Path.Length > 0 ? options.Path : options.Directory)}
            subject      {certificate.Subject}
            valid until  {certificate.NotAfter.ToUniversalTime():yyyy-MM-dd HH:mm} UTC
            SHA-256      {certificate.GetCertHashString(HashAlgorithmName.SHA256)}
            SPKI         {DevelopmentCertificate.PublicKeyHash(certificate)}

            """;
    }
}
