using System.IO.Compression;
using System.Net;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Mirror.Origin.Web;
using Mirror.ServiceDefaults.Hosting;

namespace Mirror.Origin.Tests.Web;

public sealed partial class WebEndpointsTests : IAsyncLifetime
{
    private readonly string _certificates = Directory.CreateTempSubdirectory("mirror-test-").FullName;
    private readonly HttpClient _client = new();
    private WebApplication _app = null!;

    public async ValueTask InitializeAsync()
    {
        _app = MirrorHost.Build(
            ["--server.https_port=0", "--server.http_port=0", "--server.https_address=127.0.0.1", $"--server.certificate.directory={_certificates}", "--logging.level=error"],
            static _ => { }, static app => app.MapMirrorWeb());
        await _app.StartAsync();
        _client.BaseAddress = new Uri(_app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses
            .Single(address => address.StartsWith("http:", StringComparison.Ordinal)));
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _app.DisposeAsync();
        Directory.Delete(_certificates, recursive: true);
    }

    [Theory]
    [InlineData("/", "Live streams")]
    [InlineData("/watch/studio-1", "<video")]
    public async Task A_page_is_revalidated_each_time_and_keeps_to_its_origin(string path, string content)
    {
        using HttpResponseMessage response = await _client.GetAsync(path);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("text/html; charset=utf-8", response.Content.Headers.ContentType?.ToString());
        Assert.Equal("no-cache", response.Headers.CacheControl?.ToString());
        string policy = Assert.Single(response.Headers.GetValues("Content-Security-Policy"));
        Assert.DoesNotContain("unsafe", policy);
        string page = await response.Content.ReadAsStringAsync();
        Assert.Contains(content, page);
        Assert.DoesNotContain("style=", page);       // the policy would refuse both
        Assert.DoesNotContain("<script>", page);

        using var again = new HttpRequestMessage(HttpMethod.Get, path);
        again.Headers.IfNoneMatch.Add(response.Headers.ETag!);
        Assert.Equal(HttpStatusCode.NotModified, (await _client.SendAsync(again)).StatusCode);
    }

    [Fact]
    public async Task Everything_that_a_page_refers_to_is_there_and_never_changes()
    {
        string[] pages = [await _client.GetStringAsync("/"), await _client.GetStringAsync("/watch/a")];
        string[] assets = [.. pages.SelectMany(page => AssetReference().Matches(page)).Select(match => match.Groups["path"].Value).Distinct()];
        Assert.Contains(assets, asset => asset.EndsWith(".js", StringComparison.Ordinal));
        Assert.Contains(assets, asset => asset.EndsWith(".css", StringComparison.Ordinal));
        foreach (string asset in assets)
        {
            using HttpResponseMessage response = await _client.GetAsync(asset);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            Assert.Equal("public, max-age=31536000, immutable", response.Headers.CacheControl?.ToString());
            Assert.Equal("nosniff", Assert.Single(response.Headers.GetValues("X-Content-Type-Options")));
        }
    }

    [Fact]
    public async Task Gzip_gives_the_same_bytes()
    {
        byte[] plain = await _client.GetByteArrayAsync("/watch/a");
        using var request = new HttpRequestMessage(HttpMethod.Get, "/watch/a");
        request.Headers.AcceptEncoding.ParseAdd("br, gzip");
        using HttpResponseMessage response = await _client.SendAsync(request);
        Assert.Equal("gzip", Assert.Single(response.Content.Headers.ContentEncoding));
        Assert.Equal("Accept-Encoding", response.Headers.Vary.Single());
        await using var gzip = new GZipStream(await response.Content.ReadAsStreamAsync(), CompressionMode.Decompress);
        using var unpacked = new MemoryStream();
        await gzip.CopyToAsync(unpacked);
        Assert.Equal(plain, unpacked.ToArray());
    }

    [Theory]
    [InlineData("/nowhere", "text/html,*/*", "text/html; charset=utf-8")]
    [InlineData("/watch/no.such%20name", "text/html", "text/html; charset=utf-8")]
    [InlineData("/nowhere", "*/*", "application/json")]
    [InlineData("/api/v1/nowhere", "text/html", "application/json")]
    [InlineData("/assets/nothing.js", "*/*", "application/json")]
    [InlineData("/assets/..%2f..%2fsecret", "*/*", "application/json")]
    public async Task What_is_not_there_is_a_page_for_people_and_json_for_programs(string path, string accept, string type)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Accept.ParseAdd(accept);
        using HttpResponseMessage response = await _client.SendAsync(request);
        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        Assert.Equal(type, response.Content.Headers.ContentType?.ToString());
    }

    [Fact]
    public async Task A_head_request_has_the_headers_alone()
    {
        using HttpResponseMessage response = await _client.SendAsync(new HttpRequestMessage(HttpMethod.Head, "/"));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.True(response.Content.Headers.ContentLength > 100);
        Assert.Empty(await response.Content.ReadAsByteArrayAsync());
    }

    [Fact]
    public async Task A_method_that_is_not_taken_is_405()
        => Assert.Equal(HttpStatusCode.MethodNotAllowed, (await _client.PostAsync("/", null)).StatusCode);

    [GeneratedRegex("""(?:src|href)="(?<path>/assets/[^"]+)["]""", RegexOptions.ExplicitCapture)]
    private static partial Regex AssetReference();
}
