using System.Text;

namespace Mirror.EndToEnd.Conformance;

/// <summary>Stands between a checker and a sound origin, and spoils its answers.</summary>
internal sealed class CorruptingHandler(Func<Uri, HttpResponseMessage, string, string> corrupt) : DelegatingHandler(new SocketsHttpHandler())
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        bool askedForGzip = request.Headers.AcceptEncoding.Count > 0;
        request.Headers.AcceptEncoding.Clear();
        HttpResponseMessage response = await base.SendAsync(request, cancellationToken);
        byte[] body = await response.Content.ReadAsByteArrayAsync(cancellationToken);
        string text = corrupt(request.RequestUri!, response, Encoding.Latin1.GetString(body));
        bool isPlaylist = request.RequestUri!.AbsolutePath.EndsWith(".m3u8", StringComparison.Ordinal);
        byte[] changed = Encoding.Latin1.GetBytes(text);
        var content = new ByteArrayContent(askedForGzip && isPlaylist ? Compress(changed) : changed);
        foreach ((string name, IEnumerable<string> values) in response.Content.Headers.Where(header => header.Key != "Content-Length")) { content.Headers.TryAddWithoutValidation(name, values); }
        if (askedForGzip && isPlaylist) { content.Headers.ContentEncoding.Add("gzip"); }
        content.Headers.ContentLength = request.Method == HttpMethod.Head ? 1 : (await content.ReadAsByteArrayAsync(cancellationToken)).Length;
        response.Content = request.Method == HttpMethod.Head ? WithoutBody(content) : content;
        return response;
    }

    private static ByteArrayContent WithoutBody(ByteArrayContent content)
    {
        var empty = new ByteArrayContent([]);
        foreach ((string name, IEnumerable<string> values) in content.Headers) { empty.Headers.TryAddWithoutValidation(name, values); }
        return empty;
    }

    private static byte[] Compress(byte[] text)
    {
        using var output = new MemoryStream();
        using (var gzip = new System.IO.Compression.GZipStream(output, System.IO.Compression.CompressionLevel.Fastest, leaveOpen: true)) { gzip.Write(text); }
        return output.ToArray();
    }
}
