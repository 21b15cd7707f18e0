using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Mirror.Benchmarks.Http;

/// <summary>What all three servers serve, byte for byte, and the certificate that they share.</summary>
internal static class ServedFiles
{
    public const string Stream = "bench";

    /// <summary>Parts of about 50 ms to 500 ms of a stream at 1 to 8 Mbit/s.</summary>
    public static readonly (string Name, int Length)[] Parts = [("5k", 5_000), ("50k", 50_000), ("500k", 500_000)];

    public static string PathOfPart(string rendition) => $"/live/{Stream}/{rendition}/1200.0.m4s";

    public static string PathOfPlaylist => $"/live/{Stream}/5k/playlist.m3u8";

    /// <summary>Writes a fresh ECDSA P-256 certificate and its key as PEM, as Mirror's own development certificate is.</summary>
    public static void WriteCertificate(string folder)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        using X509Certificate2 certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(7));
        File.WriteAllText(Path.Combine(folder, "certificate.pem"), certificate.ExportCertificatePem() + "\n" + key.ExportPkcs8PrivateKeyPem() + "\n");
    }
}
