using System.ComponentModel.DataAnnotations;
using Mirror.Streams.Configuration;

namespace Mirror.Streams.Shared;

/// <summary>What nodes share, for Mirror in several processes: section <c>shared</c>. Nothing of it is needed in a single process.</summary>
public sealed class SharedOptions
{
    /// <summary>Redis, as StackExchange.Redis writes it: <c>host:6380,password=…,ssl=true</c>. Empty: a single process. Default empty.</summary>
    [Secret] public string Redis { get; set; } = "";

    /// <summary>
    /// Azure Blob Storage: a connection string, the URL of an account (whose managed identity, or whoever is signed in, is used), or such a URL with a
    /// shared access signature. Empty: a single process. Default empty.
    /// </summary>
    [Secret] public string Blob { get; set; } = "";

    /// <summary>Container of segments and documents, made if it is missing. Default <c>mirror</c>.</summary>
    [RegularExpression("[a-z0-9](-?[a-z0-9])+", ErrorMessage = "allowed are 3 to 63 small letters, digits and single '-' between them"), StringLength(63, MinimumLength = 3)]
    public string BlobContainer { get; set; } = "mirror";

    /// <summary>What the names of all keys and channels in Redis begin with, so that several Mirrors can share one. Default <c>mirror</c>.</summary>
    [RegularExpression("[A-Za-z0-9_.-]+", ErrorMessage = "allowed are letters, digits, '_', '-' and '.'"), StringLength(64, MinimumLength = 1)]
    public string Prefix { get; set; } = "mirror";

    /// <summary>How long an outage of Redis or of the storage is bridged: what waited longer is marked as a gap. Default 30 s.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:05:00")] public TimeSpan Bridge { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Parts of one stream that wait for the storage, in bytes; what comes beyond that is a gap. Default 256 MiB: 30 s at 60 Mbit/s.</summary>
    [Range(typeof(ByteSize), "1MiB", "16GiB")] public ByteSize BridgeMemory { get; set; } = ByteSize.FromMebibytes(256);

    /// <summary>Parts that came with their announcements, kept for readers, in bytes. Default 128 MiB.</summary>
    [Range(typeof(ByteSize), "1MiB", "16GiB")] public ByteSize RecentParts { get; set; } = ByteSize.FromMebibytes(128);

    /// <summary>Whether anything is shared: Redis or the storage is named.</summary>
    public bool IsShared => Redis.Length > 0 || Blob.Length > 0;
}
