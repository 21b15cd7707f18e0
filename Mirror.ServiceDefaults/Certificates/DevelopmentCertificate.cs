using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Mirror.ServiceDefaults.Certificates;

/// <summary>A self-signed certificate for this machine (ECDSA P-256), made on first use and again before it expires.</summary>
internal static class DevelopmentCertificate
{
    private const string FileName = "development.pem";              // certificate and key: one file, so that they always match
    private const string CertificateFileName = "development.crt";   // the certificate alone, for a trust store
    private static readonly TimeSpan Lifetime = TimeSpan.FromDays(365);
    private static readonly TimeSpan RenewBefore = TimeSpan.FromDays(30);

    /// <summary>Loads the certificate kept in a folder, or makes one and keeps it there.</summary>
    /// <param name="directory">The folder; created where missing.</param>
    /// <param name="hostName">This machine's name, which the certificate covers beside localhost, 127.0.0.1 and ::1.</param>
    /// <param name="time">The clock.</param>
    public static X509Certificate2 LoadOrCreate(string directory, string hostName, TimeProvider time)
    {
        string path = Path.Combine(directory, FileName);
        if (TryLoad(path, hostName, time) is { } kept) { return kept; }

        Directory.CreateDirectory(directory);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using X509Certificate2 created = Create(key, hostName, time.GetUtcNow());
        Write(path, created.ExportCertificatePem() + "\n" + key.ExportPkcs8PrivateKeyPem() + "\n", UnixFileMode.UserRead | UnixFileMode.UserWrite);
        Write(Path.Combine(directory, CertificateFileName), created.ExportCertificatePem() + "\n",
            UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
        return Load(path);
    }

    /// <summary>SHA-256 of the public key, base64: what browsers take to trust this key for a test.</summary>
    public static string PublicKeyHash(X509Certificate2 certificate)
        => Convert.ToBase64String(SHA256.HashData(certificate.PublicKey.ExportSubjectPublicKeyInfo()));

    private static X509Certificate2? TryLoad(string path, string hostName, TimeProvider time)
    {
        if (!File.Exists(path)) { return null; }
        X509Certificate2? certificate = null;
        try
        {
            certificate = Load(path);
            if (certificate.NotAfter - RenewBefore > time.GetUtcNow().LocalDateTime && certificate.MatchesHostname(hostName)) { return certificate; }
        }
        catch (CryptographicException)
        {
            // Half a file, or another tool's: a new one takes its place.
        }
        certificate?.Dispose();
        return null;
    }

    /// <summary>Reads the file once: another process may replace it at any moment, and a key fits its own certificate alone.</summary>
    private static X509Certificate2 Load(string path)
    {
        string pem = File.ReadAllText(path);
        return X509Certificate2.CreateFromPem(pem, pem);
    }

    private static X509Certificate2 Create(ECDsa key, string hostName, DateTimeOffset now)
    {
        var request = new CertificateRequest($"CN={hostName}, O=Mirror development", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        if (!hostName.Equals("localhost", StringComparison.OrdinalIgnoreCase)) { names.AddDnsName(hostName); }
        names.AddIpAddress(IPAddress.Loopback);
        names.AddIpAddress(IPAddress.IPv6Loopback);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1")], false));   // id-kp-serverAuth
        return request.CreateSelfSigned(now.AddDays(-1), now + Lifetime);   // a day back: clocks differ
    }

    /// <summary>Replaces a file in one step, so that another process never reads half of it.</summary>
    private static void Write(string path, string text, UnixFileMode mode)
    {
        string temporary = $"{path}.{Environment.ProcessId}.{Guid.NewGuid():N}";
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows()) { options.UnixCreateMode = mode; }
        using (var writer = new StreamWriter(temporary, options)) { writer.Write(text); }
        File.Move(temporary, path, overwrite: true);
    }
}
