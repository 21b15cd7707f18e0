using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Mirror.ServiceDefaults.Hosting;
using Mirror.ServiceDefaults.Http;

namespace Mirror.ServiceDefaults.Tests.Hosting;

public sealed class MirrorHostTests : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();
    private readonly TaskCompletionSource _held = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _release = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private WebApplication _app = null!;
    private HealthStatus _health = HealthStatus.Healthy;

    public async ValueTask InitializeAsync()
    {
        _app = MirrorHost.Build(Arguments, builder => builder.Services.AddHealthChecks().AddCheck("srt", () => new HealthCheckResult(_health, "the listener is gone")), app =>
        {
            app.MapGet("/throws", string () => throw new InvalidOperationException("secret detail"));
            app.MapGet("/number/{n:int}", (int n) => n);
            app.MapPost("/json", (Dictionary<string, int> body) => body.Count);
            app.MapGet("/unavailable", () => ApiError.Result(503, "Not yet.", "no_segments"));
            app.MapGet("/held", async () =>
            {
                _held.SetResult();
                await _release.Task;
                return "done";
            });
        });
        await _app.StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _folder.Dispose();
    }

    private string[] Arguments =>
    [
        "--server.https_port=0", "--server.http_port=0", "--server.https_address=127.0.0.1", $"--server.certificate.directory={_folder.Path}", "--logging.level=error",
    ];

    private Uri Https => Address("https");
    private Uri Http => Address("http:");

    private static readonly Dictionary<string, (HttpMethod Method, string Path, string? Body, int Status, string Error)> Failures = new()
    {
        ["no such address"] = (HttpMethod.Get, "/nowhere", null, 404, "not_found"),
        ["a method that is not taken"] = (HttpMethod.Post, "/version", "{}", 405, "method_not_allowed"),
        ["an exception"] = (HttpMethod.Get, "/throws", null, 500, "internal_error"),
        ["malformed JSON"] = (HttpMethod.Post, "/json", "{\"a\":", 400, "bad_request"),
        ["JSON of another type"] = (HttpMethod.Post, "/json", "{\"a\":\"b\"}", 400, "bad_request"),
        ["a missing body"] = (HttpMethod.Post, "/json", "", 400, "bad_request"),
        ["a body too large"] = (HttpMethod.Post, "/json", "{\"a\":" + new string(' ', 2 << 20) + "1}", 413, "payload_too_large"),
        ["an endpoint's own answer"] = (HttpMethod.Get, "/unavailable", null, 503, "no_segments"),
    };

    public static TheoryData<string> FailureNames => new(Failures.Keys);

    [Theory, MemberData(nameof(FailureNames))]
    public async Task Every_failure_has_a_json_body(string name)
    {
        (HttpMethod method, string path, string? body, int status, string error) = Failures[name];
        using HttpClient client = Client();
        using var request = new HttpRequestMessage(method, new Uri(Http, path));
        if (body is not null) { request.Content = new StringContent(body, Encoding.UTF8, "application/json"); }
        using HttpResponseMessage response = await client.SendAsync(request);
        string text = await response.Content.ReadAsStringAsync();

        Assert.Equal(status, (int)response.StatusCode);
        Assert.Equal("application/json", response.Content.Headers.ContentType?.ToString());
        Assert.Equal("no-store", response.Headers.CacheControl?.ToString());
        using var json = JsonDocument.Parse(text);
        Assert.Equal(["error", "message", "time"], json.RootElement.EnumerateObject().Select(property => property.Name));
        Assert.Equal(error, json.RootElement.GetProperty("error").GetString());
        Assert.Equal(DateTimeKind.Utc, json.RootElement.GetProperty("time").GetDateTime().Kind);
        Assert.DoesNotContain("secret detail", text);
        Assert.DoesNotContain("Exception", text);
    }

    [Fact]
    public async Task A_head_request_fails_without_a_body()
    {
        using HttpClient client = Client();
        using HttpResponseMessage response = await client.SendAsync(new HttpRequestMessage(HttpMethod.Head, new Uri(Http, "/nowhere")));
        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        Assert.Empty(await response.Content.ReadAsByteArrayAsync());
    }

    [Theory]
    [InlineData("1.1"), InlineData("2.0")]
    public async Task Https_speaks_both_versions_and_says_nothing_of_the_server(string version)
    {
        using HttpClient client = Client();
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(Https, "/live"));
        request.Version = Version.Parse(version);
        request.VersionPolicy = HttpVersionPolicy.RequestVersionExact;
        using HttpResponseMessage response = await client.SendAsync(request);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(request.Version, response.Version);
        Assert.False(response.Headers.Contains("Server"));
    }

    [Fact]
    public async Task Tls_is_1_3_alone_by_default()
    {
        Assert.Equal(SslProtocols.Tls13, await HandshakeAsync(SslProtocols.Tls13 | SslProtocols.Tls12));
        await Assert.ThrowsAnyAsync<Exception>(() => HandshakeAsync(SslProtocols.Tls12));
    }

    [Fact]
    public async Task Health_is_503_when_a_check_fails_and_live_stays()
    {
        using HttpClient client = Client();
        using JsonDocument healthy = JsonDocument.Parse(await client.GetStringAsync(new Uri(Http, "/health")));
        Assert.Equal("healthy", healthy.RootElement.GetProperty("status").GetString());

        _health = HealthStatus.Unhealthy;
        using HttpResponseMessage response = await client.GetAsync(new Uri(Http, "/health"));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
        using JsonDocument body = JsonDocument.Parse(await response.Content.ReadAsStringAsync());
        Assert.Equal("unhealthy", body.RootElement.GetProperty("status").GetString());
        JsonElement check = Assert.Single(body.RootElement.GetProperty("checks").EnumerateArray());
        Assert.Equal("srt", check.GetProperty("name").GetString());
        Assert.Equal("the listener is gone", check.GetProperty("message").GetString());
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await client.GetAsync(new Uri(Http, "/ready"))).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync(new Uri(Http, "/live"))).StatusCode);
    }

    /// <summary>A store that hangs must not make a load balancer's probe wait.</summary>
    [Fact]
    public async Task Ready_asks_no_other_machine()
    {
        int asked = 0;
        await using WebApplication app = MirrorHost.Build(Arguments, builder => builder.Services.AddHealthChecks().AddCheck("blob", () =>
        {
            asked++;
            return HealthCheckResult.Degraded("away");
        }, tags: ["remote"]), static _ => { });
        await app.StartAsync();
        var http = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single(address => address.StartsWith("http:", StringComparison.Ordinal)));
        using HttpClient client = Client();
        Assert.Contains("\"healthy\"", await client.GetStringAsync(new Uri(http, "/ready")), StringComparison.Ordinal);
        Assert.Equal(0, asked);
        Assert.Contains("\"degraded\"", await client.GetStringAsync(new Uri(http, "/health")), StringComparison.Ordinal);
        Assert.Equal(1, asked);
        await app.StopAsync();
    }

    [Fact]
    public async Task Stopping_lets_requests_in_flight_end()
    {
        using HttpClient client = Client();
        Task<string> held = client.GetStringAsync(new Uri(Http, "/held"));
        await _held.Task;
        Task stopped = _app.StopAsync();
        CancellationToken stopping = _app.Lifetime.ApplicationStopping;
        await Task.Run(() => stopping.WaitHandle.WaitOne());
        Assert.False(held.IsCompleted);
        _release.SetResult();
        Assert.Equal("done", await held);
        await stopped;
    }

    [Fact]
    public async Task Version_names_the_build()
    {
        using HttpClient client = Client();
        using JsonDocument body = JsonDocument.Parse(await client.GetStringAsync(new Uri(Http, "/version")));
        Assert.Equal("Mirror", body.RootElement.GetProperty("name").GetString());
        Assert.Equal("0.1.0", body.RootElement.GetProperty("version").GetString());
    }

    [Fact]
    public async Task A_taken_port_or_a_bad_value_ends_the_run_with_one_line_and_a_code()
    {
        (int code, string error) = await RunAsync([.. Arguments, $"--server.http_port={Http.Port}"]);
        Assert.Equal(1, code);
        Assert.Matches(@"^mirror: .*:\d+.*in use\. Choose other ports [^\n]*\n$", error);

        (code, error) = await RunAsync(["--server.http_port=x"]);
        Assert.Equal(2, code);
        Assert.Equal("mirror: server.http_port = x (from --server.http_port): allowed is a whole number from 0 to 65535.\n", error);

        string broken = _folder.Write("broken.pem", "no certificate");
        (code, error) = await RunAsync([.. Arguments, $"--server.certificate.path={broken}"]);
        Assert.Equal(2, code);
        Assert.Matches(@"^mirror: server\.certificate\.path = [^\n]*\n$", error);
    }

    private static async Task<(int Code, string Error)> RunAsync(string[] arguments)
    {
        TextWriter before = Console.Error;
        using var error = new StringWriter();
        Console.SetError(error);
        try
        {
            return (await MirrorHost.RunAsync(arguments, static _ => { }, static _ => { }), error.ToString());
        }
        finally
        {
            Console.SetError(before);
        }
    }

    private Uri Address(string scheme)
        => new(_app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single(address => address.StartsWith(scheme, StringComparison.Ordinal)));

    private static HttpClient Client()
        => new(new SocketsHttpHandler { SslOptions = { RemoteCertificateValidationCallback = static (_, _, _, _) => true } });

    private async Task<SslProtocols> HandshakeAsync(SslProtocols protocols)
    {
        using var socket = new TcpClient();
        await socket.ConnectAsync(IPAddress.Loopback, Https.Port);
        await using var tls = new SslStream(socket.GetStream());
        await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
        {
            TargetHost = "localhost",
            EnabledSslProtocols = protocols,
            RemoteCertificateValidationCallback = static (_, _, _, _) => true,
        });
        return tls.SslProtocol;
    }
}
