using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Primitives;
using Mirror.ServiceDefaults.Hosting;
using Mirror.ServiceDefaults.Http;

namespace Mirror.ServiceDefaults.Tests.Http;

/// <summary>What pages of other origins may do, as a browser asks for it.</summary>
public sealed class CrossOriginTests : IAsyncLifetime
{
    private const string Usual = "Range, Content-Type, Accept, Authorization";
    private readonly TemporaryFolder _folder = new();
    private WebApplication _app = null!;
    private HttpClient _client = null!;

    public async ValueTask InitializeAsync()
    {
        string[] arguments =
        [
            "--server.https_port=0", "--server.http_port=0", "--server.https_address=127.0.0.1", $"--server.certificate.directory={_folder.Path}", "--logging.level=error",
        ];
        _app = MirrorHost.Build(arguments, static _ => { }, static app =>
        {
            app.MapGet("/api/v1/streams", () => "[]");
            app.MapDelete("/api/v1/streams/{id}", (string id) => id);
            app.MapGet("/api/v1/hooks", () => "[]");
        });
        await _app.StartAsync();
        string address = _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single(a => a.StartsWith("http:", StringComparison.Ordinal));
        _client = new HttpClient { BaseAddress = new Uri(address) };
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _app.DisposeAsync();
        _folder.Dispose();
    }

    [Theory]
    [InlineData("cache-control", Usual + ", cache-control")]
    [InlineData("pragma,if-none-match , traceparent,baggage", Usual + ", pragma, if-none-match, traceparent, baggage")]
    [InlineData("x-a,bad name,x-b,,b\u00e4d,x(y),x-c", Usual + ", x-a, x-b, x-c")]
    [InlineData("", Usual)]
    public void Every_header_name_that_is_one_is_allowed(string asked, string allowed)
        => Assert.Equal(allowed, CrossOrigin.AllowedHeaders(asked).ToString());

    [Fact]
    public void Several_lines_are_read_and_their_number_is_bounded()
    {
        Assert.Equal($"{Usual}, x-a, x-b", CrossOrigin.AllowedHeaders(new StringValues(["x-a", "x-b"])).ToString());
        string many = string.Join(',', Enumerable.Range(0, 1000).Select(i => $"x-{i}"));
        Assert.EndsWith(", x-63", CrossOrigin.AllowedHeaders(many).ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Whatever_is_asked_the_answer_holds_tokens_only()
    {
        var random = new Random(3);
        for (int i = 0; i < 5_000; i++)
        {
            string asked = new([.. Enumerable.Range(0, random.Next(40)).Select(_ => (char)random.Next(256))]);
            Assert.Matches("^[!#$%&'*+.^_`|~0-9A-Za-z, -]*$", CrossOrigin.AllowedHeaders(asked).ToString());
        }
    }

    [Theory]
    [InlineData("/api/v1/streams")]
    [InlineData("/health")]
    public async Task The_API_and_the_state_may_be_read(string path)
    {
        using HttpResponseMessage preflight = await AskAsync(path, "GET");
        Assert.Equal(204, (int)preflight.StatusCode);
        Assert.Contains("x-mine", Header(preflight, "Access-Control-Allow-Headers"), StringComparison.Ordinal);
        Assert.Equal("86400", Header(preflight, "Access-Control-Max-Age"));
        using HttpResponseMessage answer = await _client.GetAsync(path);
        Assert.Equal("*", Header(answer, "Access-Control-Allow-Origin"));
        Assert.Contains("ETag", Header(answer, "Access-Control-Expose-Headers"), StringComparison.Ordinal);
        using HttpResponseMessage missing = await _client.GetAsync("/api/v1/none");
        Assert.Equal("*", Header(missing, "Access-Control-Allow-Origin"));
    }

    [Fact]
    public async Task Nothing_may_be_changed_and_webhooks_not_be_read()
    {
        using HttpResponseMessage change = await AskAsync("/api/v1/streams/cam", "DELETE");
        Assert.DoesNotContain("DELETE", Header(change, "Access-Control-Allow-Methods"), StringComparison.Ordinal);
        using HttpResponseMessage changed = await _client.DeleteAsync("/api/v1/streams/cam");
        Assert.Equal("", Header(changed, "Access-Control-Allow-Origin"));
        using HttpResponseMessage ask = await AskAsync("/api/v1/hooks", "GET");
        using HttpResponseMessage hooks = await _client.GetAsync("/api/v1/hooks");
        Assert.Equal("", Header(ask, "Access-Control-Allow-Origin") + Header(hooks, "Access-Control-Allow-Origin"));
    }

    private async Task<HttpResponseMessage> AskAsync(string path, string method)
    {
        using var request = new HttpRequestMessage(HttpMethod.Options, path);
        request.Headers.Add("Origin", "https://player.example");
        request.Headers.Add("Access-Control-Request-Method", method);
        request.Headers.Add("Access-Control-Request-Headers", "x-mine");
        return await _client.SendAsync(request);
    }

    private static string Header(HttpResponseMessage response, string name)
        => response.Headers.TryGetValues(name, out IEnumerable<string>? values) ? string.Join(", ", values) : "";
}
