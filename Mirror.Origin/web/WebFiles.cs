using System.Collections.Frozen;
using System.IO.Compression;
using System.Reflection;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;
using Mirror.ServiceDefaults.Http;

namespace Mirror.Origin.Web;

/// <summary>The built web pages, embedded in this assembly and kept in memory with their compressed forms.</summary>
internal sealed class WebFiles
{
    private const string ResourcePrefix = "web/";

    // Names of assets carry a hash of their content. Pages are asked for again each time, and answered 304 while they are the same.
    private const string ImmutableCaching = "public, max-age=31536000, immutable";
    private const string PageCaching = "no-cache";

    // Scripts, styles and requests go to this origin alone; media reaches the video element as blob: URLs of Media Source Extensions.
    private const string PagePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        + "media-src 'self' blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'";

    private readonly FrozenDictionary<string, WebFile> _files;

    private WebFiles(IEnumerable<WebFile> files) => _files = files.ToFrozenDictionary(file => file.Name);

    public IEnumerable<string> Names => _files.Keys;

    public static WebFiles FromAssembly()
    {
        Assembly assembly = typeof(WebFiles).Assembly;
        return new WebFiles(assembly.GetManifestResourceNames()
            .Where(name => name.StartsWith(ResourcePrefix, StringComparison.Ordinal))
            .Select(name => WebFile.Read(name[ResourcePrefix.Length..], assembly.GetManifestResourceStream(name)!)));
    }

    public Task SendAsync(HttpContext context, string name, int status = StatusCodes.Status200OK)
    {
        if (!_files.TryGetValue(name, out WebFile? file)) { return ApiError.WriteAsync(context, StatusCodes.Status404NotFound); }
        HttpResponse response = context.Response;
        IHeaderDictionary headers = response.Headers;
        headers.CacheControl = file.IsPage ? PageCaching : ImmutableCaching;
        headers.ETag = file.EntityTag;
        headers.Vary = HeaderNames.AcceptEncoding;
        headers.XContentTypeOptions = "nosniff";
        if (file.IsPage)
        {
            headers.ContentSecurityPolicy = PagePolicy;
            headers["Referrer-Policy"] = "same-origin";
        }
        if (status == StatusCodes.Status200OK && context.Request.Headers.IfNoneMatch == file.EntityTag)
        {
            response.StatusCode = StatusCodes.Status304NotModified;
            return Task.CompletedTask;
        }
        bool compress = context.Request.Headers.AcceptEncoding.ToString().Contains("gzip", StringComparison.OrdinalIgnoreCase);
        if (compress) { headers.ContentEncoding = "gzip"; }
        byte[] body = compress ? file.Compressed : file.Bytes;
        response.StatusCode = status;
        response.ContentType = file.ContentType;
        response.ContentLength = body.Length;
        return HttpMethods.IsHead(context.Request.Method) ? Task.CompletedTask : response.Body.WriteAsync(body, context.RequestAborted).AsTask();
    }

    private sealed class WebFile(string name, byte[] bytes)
    {
        private readonly Lazy<byte[]> _compressed = new(() => Compress(bytes));

        public string Name { get; } = name;
        public byte[] Bytes { get; } = bytes;
        public byte[] Compressed => _compressed.Value;
        public bool IsPage { get; } = name.EndsWith(".html", StringComparison.Ordinal);
        public string EntityTag { get; } = $"\"{Convert.ToHexStringLower(SHA256.HashData(bytes).AsSpan(0, 8))}\"";

        public string ContentType { get; } = Path.GetExtension(name) switch
        {
            ".html" => "text/html; charset=utf-8",
            ".js" => "text/javascript; charset=utf-8",
            ".css" => "text/css; charset=utf-8",
            ".svg" => "image/svg+xml",
            string other => throw new InvalidOperationException($"The web pages hold a {other} file, which has no content type here."),
        };

        public static WebFile Read(string name, Stream resource)
        {
            using (resource)
            {
                byte[] bytes = new byte[resource.Length];
                resource.ReadExactly(bytes);
                return new WebFile(name, bytes);
            }
        }

        private static byte[] Compress(byte[] bytes)
        {
            using var output = new MemoryStream();
            using (var gzip = new GZipStream(output, CompressionLevel.SmallestSize)) { gzip.Write(bytes); }
            return output.ToArray();
        }
    }
}
