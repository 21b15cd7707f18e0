using System.ComponentModel.DataAnnotations;
using Mirror.Streams.Configuration;

namespace Mirror.Streams.Store;

/// <summary>The segment store of a single process: section <c>store</c>.</summary>
public sealed class StoreOptions : IValidatableObject
{
    /// <summary>Segments kept in memory, in bytes; the oldest move to disk, or go. Default 2 GiB.</summary>
    [Range(typeof(ByteSize), "16MiB", "1TiB")] public ByteSize Memory { get; set; } = ByteSize.FromGibibytes(2);

    /// <summary>Folder of the disk tier. Default <c>.mirror/segments</c>.</summary>
    [FilePath, Required] public string Directory { get; set; } = ".mirror/segments";

    /// <summary>Segments kept on disk, in bytes; 0 switches the disk tier off. Default 8 GiB.</summary>
    [Range(typeof(ByteSize), "0", "1024TiB")] public ByteSize Disk { get; set; } = ByteSize.FromGibibytes(8);

    /// <summary>
    /// How long a complete segment stays at most, wherever it is. A segment that left the playlist must stay as long again as the longest
    /// playlist that listed it (draft-pantos-hls-rfc8216bis §6.2.2), so at least twice the live window. Default 1 min.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:10", "1.00:00:00")] public TimeSpan Retention { get; set; } = TimeSpan.FromMinutes(1);

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Disk.Bytes != 0 && Disk < Memory)
        {
            yield return new($"allowed is 0 (no disk tier) or at least store.memory, {Memory}", [nameof(Disk)]);
        }
    }
}
