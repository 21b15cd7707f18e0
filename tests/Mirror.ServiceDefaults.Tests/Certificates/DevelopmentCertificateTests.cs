using System.Security.Cryptography.X509Certificates;
using Mirror.ServiceDefaults.Certificates;

namespace Mirror.ServiceDefaults.Tests.Certificates;

public sealed class DevelopmentCertificateTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_first_use_makes_one_for_this_machine_and_the_next_one_finds_it()
    {
        using X509Certificate2 first = Load("studio-7");
        using X509Certificate2 second = Load("studio-7");
        Assert.Equal(first.Thumbprint, second.Thumbprint);
        Assert.True(first.HasPrivateKey);
        Assert.Equal(256, first.GetECDsaPublicKey()!.KeySize);
        Assert.All(["localhost", "studio-7", "127.0.0.1", "::1"], name => Assert.True(first.MatchesHostname(name), name));
        Assert.False(first.MatchesHostname("example.org"));
    }

    [Fact]
    public void The_key_is_for_its_owner_alone()
    {
        Load("localhost").Dispose();
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(_folder.Path, "development.pem")));
        Assert.DoesNotContain("PRIVATE KEY", File.ReadAllText(Path.Combine(_folder.Path, "development.crt")));
        Assert.Equal(2, Directory.GetFiles(_folder.Path).Length);
    }

    [Fact]
    public void One_that_expires_within_a_month_is_replaced()
    {
        using X509Certificate2 first = Load("localhost");
        using X509Certificate2 kept = Load("localhost", TimeSpan.FromDays(330));
        using X509Certificate2 renewed = Load("localhost", TimeSpan.FromDays(340));
        Assert.Equal(first.Thumbprint, kept.Thumbprint);
        Assert.NotEqual(first.Thumbprint, renewed.Thumbprint);
    }

    [Fact]
    public void One_for_another_name_of_the_machine_is_replaced()
    {
        using X509Certificate2 first = Load("old-name");
        using X509Certificate2 second = Load("new-name");
        Assert.NotEqual(first.Thumbprint, second.Thumbprint);
    }

    [Theory]
    [InlineData("")]
    [InlineData("garbage")]
    [InlineData("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")]
    public void A_damaged_file_is_replaced(string text)
    {
        _folder.Write("development.pem", text);
        using X509Certificate2 certificate = Load("localhost");
        Assert.True(certificate.HasPrivateKey);
    }

    [Fact]
    public void Processes_that_start_at_once_each_get_one_whose_key_fits()
    {
        for (int round = 0; round < 20; round++)
        {
            File.Delete(Path.Combine(_folder.Path, "development.pem"));
            Parallel.For(0, 8, new ParallelOptions { MaxDegreeOfParallelism = 8 }, _ =>
            {
                using X509Certificate2 certificate = Load("localhost");
                Assert.True(certificate.HasPrivateKey);
            });
        }
    }

    private X509Certificate2 Load(string hostName, TimeSpan later = default)
        => DevelopmentCertificate.LoadOrCreate(_folder.Path, hostName, new LaterTime(later));

    private sealed class LaterTime(TimeSpan later) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => DateTimeOffset.UtcNow + later;
    }
}
