using System.IO.Compression;

namespace Mirror.Origin.Live;

/// <summary>Compresses a text that will be sent many times (RFC 1952).</summary>
internal static class Gzip
{
    public static byte[] Compress(byte[] text, CompressionLevel level = CompressionLevel.Optimal)
    {
        using var output = new MemoryStream(256 + text.Length / 4);
        using (var gzip = new GZipStream(output, level, leaveOpen: true)) { gzip.Write(text); }
        return output.ToArray();
    }
}
