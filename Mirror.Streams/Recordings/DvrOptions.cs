using System.ComponentModel.DataAnnotations;
using Mirror.Streams.Configuration;

namespace Mirror.Streams.Recordings;

/// <summary>Recordings: section <c>dvr</c>.</summary>
public sealed class DvrOptions
{
    /// <summary>Whether streams are recorded without being asked to through the API. Default false.</summary>
    public bool Enabled { get; set; }

    /// <summary>Which streams <see cref="Enabled"/> means: names separated by spaces, in which <c>*</c> stands for any characters. Default <c>*</c>.</summary>
    [RegularExpression(@"[A-Za-z0-9_*-]+( +[A-Za-z0-9_*-]+)*", ErrorMessage = "allowed are names of streams, separated by spaces, in which * stands for any characters")]
    public string Streams { get; set; } = "*";

    /// <summary>Folder of recordings, in a single process; several share the container <c>shared.blob_container</c>. Default <c>.mirror/recordings</c>.</summary>
    [FilePath, Required] public string Directory { get; set; } = ".mirror/recordings";

    /// <summary>How long a recording is kept; of one that runs, its segments. Default 7 days.</summary>
    [Range(typeof(TimeSpan), "00:01:00", "3650.00:00:00")] public TimeSpan MaxAge { get; set; } = TimeSpan.FromDays(7);

    /// <summary>Bytes of all recordings; beyond that the oldest go. Default 100 GiB; 0 is no limit.</summary>
    [Range(typeof(ByteSize), "0", "1024TiB")] public ByteSize MaxBytes { get; set; } = ByteSize.FromGibibytes(100);

    /// <summary>Media after which a recording is completed and the next one begins, so that each stays handy. Default 6 h.</summary>
    [Range(typeof(TimeSpan), "00:01:00", "12:00:00")] public TimeSpan MaxLength { get; set; } = TimeSpan.FromHours(6);

    /// <summary>How long nothing may come, from the stream or from those who record it, for a recording to go on. Default 1 min: longer than a publisher may be away.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")] public TimeSpan ResumeWindow { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>Whether <see cref="Enabled"/> means a stream.</summary>
    public bool Records(string streamId)
        => Enabled && Streams.Split(' ', StringSplitOptions.RemoveEmptyEntries).Any(pattern => System.IO.Enumeration.FileSystemName.MatchesSimpleExpression(pattern, streamId, ignoreCase: false));
}
