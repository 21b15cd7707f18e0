using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Mirror.ServiceDefaults.Configuration;
using Mirror.ServiceDefaults.Hosting;
using Mirror.Streams.Documents;
using Mirror.Streams.Registry;

namespace Mirror.ServiceDefaults.Tests.Hosting;

public sealed class SharedStateTests : IDisposable
{
    private const string Nowhere = "--shared.redis=127.0.0.1:1";
    private const string NoBlob = "--shared.blob=DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey=AAAA;BlobEndpoint=http://127.0.0.1:1/devstoreaccount1";
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public async Task Nothing_named_is_a_single_process()
    {
        await using WebApplication app = Build();
        Assert.IsType<LocalStreamRegistry>(app.Services.GetRequiredService<IStreamRegistry>());
        Assert.IsType<LocalDocuments>(app.Services.GetRequiredService<IDocuments>());
    }

    [Theory, InlineData(Nowhere, "shared.blob"), InlineData(NoBlob, "shared.redis")]
    public void One_without_the_other_stops_the_start(string given, string missing)
    {
        var error = Assert.Throws<MirrorStartException>(() => Build(given));
        Assert.StartsWith(missing + " is missing", error.Message, StringComparison.Ordinal);
        Assert.Equal(MirrorStartException.ConfigurationWrong, error.ExitCode);
    }

    [Fact]
    public async Task A_process_starts_while_redis_and_the_storage_are_away_and_says_so()
    {
        await using WebApplication app = Build(Nowhere, NoBlob);
        await app.StartAsync();
        Assert.IsType<RedisStreamRegistry>(app.Services.GetRequiredService<IStreamRegistry>());
        Assert.IsType<BlobDocuments>(app.Services.GetRequiredService<IDocuments>());
        string address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First(url => url.StartsWith("http:", StringComparison.Ordinal));
        using var client = new HttpClient();
        using JsonDocument health = JsonDocument.Parse(await client.GetStringAsync(address + "/health"));
        Assert.Equal("degraded", health.RootElement.GetProperty("status").GetString());
        Assert.All((string[])["redis", "blob"], name => Assert.Contains(health.RootElement.GetProperty("checks").EnumerateArray(),
            check => check.GetProperty("name").GetString() == name && check.GetProperty("status").GetString() == "degraded"));
    }

    public void Dispose() => _folder.Dispose();

    private WebApplication Build(params string[] arguments) => MirrorHost.Build(
        ["--server.https_port=0", "--server.http_port=0", "--server.https_address=127.0.0.1", $"--server.certificate.directory={_folder.Path}", "--logging.level=error", .. arguments],
        builder => builder.AddMirrorSharedState(), _ => { });
}
