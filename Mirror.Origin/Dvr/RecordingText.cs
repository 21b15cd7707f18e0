using System.IO.Compression;
using Mirror.Origin.Live;

namespace Mirror.Origin.Dvr;

/// <summary>A playlist of a recording as served.</summary>
/// <param name="text">UTF-8.</param>
/// <param name="isComplete">It will not change.</param>
internal sealed class RecordingText(byte[] text, bool isComplete)
{
    // One that runs has another in half a second, and may have megabytes.
    private readonly Lazy<byte[]> _gzip = new(() => Gzip.Compress(text, isComplete ? CompressionLevel.Optimal : CompressionLevel.Fastest));

    public byte[] Text => text;

    /// <summary>The same, compressed.</summary>
    public byte[] GzipText => _gzip.Value;

    public bool IsComplete => isComplete;
}
