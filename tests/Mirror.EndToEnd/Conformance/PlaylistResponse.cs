using System.Diagnostics;
using System.IO.Compression;
using System.Net.Http.Headers;

namespace Mirror.EndToEnd.Conformance;

/// <summary>One answer, read to its end.</summary>
/// <param name="Status">HTTP status.</param>
/// <param name="Body">The body, decompressed.</param>
/// <param name="ContentEncoding">How it was compressed; empty if not.</param>
/// <param name="ContentType">Content-Type.</param>
/// <param name="Headers">All headers by name.</param>
/// <param name="Elapsed">From the request to the last byte.</param>
internal sealed record PlaylistResponse(int Status, byte[] Body, string ContentEncoding, string ContentType, IReadOnlyDictionary<string, string> Headers, TimeSpan Elapsed)
{
    /// <summary>When the last byte had come (UTC), by this machine's clock.</summary>
    public DateTime ReceivedAt { get; } = DateTime.UtcNow;

    public string Text => System.Text.Encoding.UTF8.GetString(Body);

    public string Header(string name) => Headers.GetValueOrDefault(name, "");

    public static async Task<PlaylistResponse> SendAsync(HttpClient client, HttpMethod method, Uri uri, bool gzip, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(method, uri) { Version = client.DefaultRequestVersion, VersionPolicy = client.DefaultVersionPolicy };
        if (gzip) { request.Headers.AcceptEncoding.Add(new StringWithQualityHeaderValue("gzip")); }
        long start = Stopwatch.GetTimestamp();
        using HttpResponseMessage response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        byte[] body = await response.Content.ReadAsByteArrayAsync(cancellationToken);
        string encoding = string.Join(", ", response.Content.Headers.ContentEncoding);
        var headers = response.Headers.Concat(response.Content.Headers).ToDictionary(header => header.Key, header => string.Join(", ", header.Value), StringComparer.OrdinalIgnoreCase);
        return new PlaylistResponse((int)response.StatusCode, encoding == "gzip" ? Decompress(body) : body, encoding,
            response.Content.Headers.ContentType?.MediaType ?? "", headers, Stopwatch.GetElapsedTime(start));
    }

    private static byte[] Decompress(byte[] body)
    {
        using var gzip = new GZipStream(new MemoryStream(body), CompressionMode.Decompress);
        using var text = new MemoryStream();
        gzip.CopyTo(text);
        return text.ToArray();
    }
}
