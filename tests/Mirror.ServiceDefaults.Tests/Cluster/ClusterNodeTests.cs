using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Mirror.LocalCluster;
using Mirror.ServiceDefaults.Cluster;
using Mirror.ServiceDefaults.Hosting;
using Mirror.Streams.Registry;

namespace Mirror.ServiceDefaults.Tests.Cluster;

/// <summary>Nodes call each other with the cluster's key, and nobody else may.</summary>
public sealed class ClusterNodeTests : IDisposable
{
    private const string Key = "a key of the cluster";
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_node_answers_those_who_show_the_key()
    {
        (WebApplication app, Uri address) = await StartAsync();
        await using (app)
        {
            using var client = Client(Key);
            using HttpResponseMessage response = await client.GetAsync(new Uri(address, "/internal/hello"), TestContext.Current.CancellationToken);
            Assert.Equal((HttpStatusCode.OK, new Version(2, 0)), (response.StatusCode, response.Version));
            using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(address, "/internal/hello"));
            using HttpResponseMessage posted = await client.SendAsync(request, TestContext.Current.CancellationToken);
            Assert.Equal(HttpStatusCode.Accepted, posted.StatusCode);
        }
    }

    [Theory]
    [InlineData("another key, as long.")]
    [InlineData("a key of the cluste")]
    [InlineData("a key of the cluster and more")]
    public async Task A_node_turns_others_away(string key)
    {
        (WebApplication app, Uri address) = await StartAsync();
        await using (app)
        {
            using var client = Client(key);
            using HttpResponseMessage response = await client.GetAsync(new Uri(address, "/internal/hello"), TestContext.Current.CancellationToken);
            Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
            using JsonDocument body = JsonDocument.Parse(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
            Assert.StartsWith("unauthorized", body.RootElement.GetProperty("error").GetString(), StringComparison.OrdinalIgnoreCase);
        }
    }

    [Theory]
    [InlineData("Bearer " + Key, true)]
    [InlineData("bearer " + Key, false)]
    [InlineData("Basic " + Key, false)]
    [InlineData(Key, false)]
    [InlineData("", false)]
    public void What_shows_the_key(string authorization, bool expected)
    {
        using var client = Client(Key);
        var context = new DefaultHttpContext();
        context.Request.Headers.Authorization = authorization;
        Assert.Equal(expected, client.IsAuthorized(context.Request));
    }

    [Fact]
    public void A_huge_header_is_not_compared()
    {
        using var client = Client(Key);
        var context = new DefaultHttpContext();
        context.Request.Headers.Authorization = "Bearer " + new string('k', 2_000);
        Assert.False(client.IsAuthorized(context.Request));
    }

    [Fact]
    public async Task A_process_alone_has_no_internal_addresses_and_no_address_to_tell()
    {
        await using WebApplication app = Build([]);
        Assert.Null(app.Services.GetService<NodeClient>());
        Assert.Null(app.Services.GetRequiredService<NodeIdentity>().Address);
        Assert.Null(app.MapInternal());
    }

    [Fact]
    public async Task A_node_has_the_name_that_it_was_given_and_a_part_of_its_own()
    {
        (WebApplication app, Uri address) = await StartAsync();
        await using (app)
        {
            NodeIdentity identity = app.Services.GetRequiredService<NodeIdentity>();
            Assert.Matches("^ingest-a-[0-9a-f]{8}$", identity.Id);
            Assert.Equal(address, identity.Address);
        }
    }

    [Theory]
    [InlineData("127.0.0.1", 9000, "", "http://127.0.0.1:9000/")]
    [InlineData("::1", 9000, "", "http://[::1]:9000/")]
    [InlineData("*", 9000, "http://10.0.0.7:8081", "http://10.0.0.7:8081/")]
    public void The_address_that_others_are_told(string listen, int port, string address, string expected)
        => Assert.Equal(expected, new ClusterOptions { Key = Key, ListenAddress = listen, Port = port, Address = address }.FindAddress().ToString());

    [Fact]
    public void A_node_that_listens_everywhere_tells_an_address_of_this_machine()
    {
        Uri address = new ClusterOptions { Key = Key, ListenAddress = "*", Port = 9000 }.FindAddress();
        Assert.Equal(9000, address.Port);
        Assert.True(IPAddress.TryParse(address.Host, out IPAddress? host) && !host.Equals(IPAddress.Any));
    }

    private static NodeClient Client(string key) => new(Options.Create(new ClusterOptions { Key = key }));

    private async Task<(WebApplication App, Uri Address)> StartAsync()
    {
        int port = FreePorts.Take();
        WebApplication app = Build([$"--cluster.key={Key}", $"--cluster.port={port}", "--cluster.name=ingest-a"]);
        RouteGroupBuilder nodes = app.MapInternal()!;
        nodes.MapGet("/hello", () => "hello");
        nodes.MapPost("/hello", () => Results.Accepted());
        await app.StartAsync();
        return (app, new Uri($"http://127.0.0.1:{port}"));
    }

    private WebApplication Build(string[] arguments) => MirrorHost.Build(
        ["--server.https_port=0", "--server.http_port=0", "--server.https_address=127.0.0.1", $"--server.certificate.directory={_folder.Path}", "--logging.level=error", .. arguments],
        builder =>
        {
            builder.AddMirrorLocalAdapters();
            builder.AddMirrorNode(new NodeRole("ingest", (_, record) => record with { SrtPort = 9998 }));
        }, _ => { });

}
