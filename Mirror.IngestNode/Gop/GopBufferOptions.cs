using System.ComponentModel.DataAnnotations;

namespace Mirror.IngestNode.Gop;

/// <summary>What the GOP buffer of a stream holds at most. Whichever bound is met first applies.</summary>
internal sealed class GopBufferOptions
{
    /// <summary>Groups of pictures, the newest included. Default 3.</summary>
    [Range(1, 64)] public int Gops { get; set; } = 3;

    /// <summary>How far behind the newest unit the oldest may be. Default 5 s.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:01:00")] public TimeSpan Age { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Pictures; of a stream without video, audio frames. Default 300.</summary>
    [Range(1, 100_000)] public int Frames { get; set; } = 300;

    /// <summary>Bytes of payload. Default 64 MiB: three GOPs of 2 s at 50 Mbit/s take 38 MB.</summary>
    [Range(64 * 1024, int.MaxValue)] public int Bytes { get; set; } = 64 * 1024 * 1024;
}
