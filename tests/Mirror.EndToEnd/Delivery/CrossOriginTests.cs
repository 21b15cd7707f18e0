namespace Mirror.EndToEnd.Delivery;

/// <summary>Preflights of browsers, for players on pages of other origins with headers of their own.</summary>
public sealed class CrossOriginTests(SharedMirror fixture) : IClassFixture<SharedMirror>
{
    [Theory]
    [InlineData("live/cam/playlist.m3u8")]
    [InlineData("live/cam/source/1.0.m4s")]
    [InlineData("dvr/cam/20260101T000000Z/source/playlist.m3u8")]
    [InlineData("api/v1/streams")]
    [InlineData("api/v1/recordings")]
    [InlineData("health")]
    public async Task Every_header_is_allowed(string path)
    {
        string[] names = ["cache-control", "pragma", "if-none-match", "traceparent", "baggage", "authorization", "range", "x-anything"];
        foreach (HttpClient client in (HttpClient[])[fixture.Mirror.Client, fixture.Mirror.SecureClient])
        {
            using var request = new HttpRequestMessage(HttpMethod.Options, path) { Version = client.DefaultRequestVersion, VersionPolicy = client.DefaultVersionPolicy };
            request.Headers.Add("Origin", "https://player.example");
            request.Headers.Add("Access-Control-Request-Method", "GET");
            request.Headers.Add("Access-Control-Request-Headers", string.Join(',', names));
            using HttpResponseMessage response = await client.SendAsync(request);
            Assert.Equal(204, (int)response.StatusCode);
            Assert.Equal("*", response.Headers.GetValues("Access-Control-Allow-Origin").Single());
            string[] allowed = [.. response.Headers.GetValues("Access-Control-Allow-Headers").SelectMany(line => line.Split(", "))];
            Assert.All(names, name => Assert.Contains(name, allowed, StringComparer.OrdinalIgnoreCase));
            Assert.Equal("86400", response.Headers.GetValues("Access-Control-Max-Age").Single());
        }
    }

    [Theory]
    [InlineData("live/cam/playlist.m3u8")]
    [InlineData("api/v1/streams")]
    [InlineData("api/v1/streams/none")]
    public async Task Answers_may_be_read_failures_too(string path)
    {
        using HttpResponseMessage response = await fixture.Mirror.Client.GetAsync(path);
        Assert.Equal("*", response.Headers.GetValues("Access-Control-Allow-Origin").Single());
        Assert.Contains("Date", response.Headers.GetValues("Access-Control-Expose-Headers").Single(), StringComparison.Ordinal);
    }
}
