using System.ComponentModel.DataAnnotations;
using Mirror.Streams.Configuration;

namespace Mirror.Functions.Hooks;

/// <summary>How webhooks are delivered: section <c>hooks</c>.</summary>
internal sealed class HooksOptions
{
    /// <summary>How long a receiver may take to answer. Default 10 s.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:01:00")] public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How long an event is worth trying again, from when it came here. Default 1 d, as Event Grid has it; 0 tries once.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "7.00:00:00")] public TimeSpan RetryTime { get; set; } = TimeSpan.FromDays(1);

    /// <summary>Events that may wait for one webhook at one node; further ones become dead letters. Default 1000: at about a kilobyte each, days of ordinary operation.</summary>
    [Range(1, 100_000)] public int QueueLength { get; set; } = 1000;

    /// <summary>Whether receivers may be on this machine and in private networks. Default true, since they mostly are; false where strangers may define webhooks.</summary>
    public bool AllowPrivate { get; set; } = true;

    /// <summary>File for events that could not be delivered, one JSON object a line. Default <c>.mirror/hooks/dead-letter.jsonl</c>; empty drops them.</summary>
    [FilePath] public string DeadLetter { get; set; } = ".mirror/hooks/dead-letter.jsonl";

    /// <summary>Size at which that file is put aside for a new one; four older ones are kept. Default 16 MiB.</summary>
    [Range(typeof(ByteSize), "64KiB", "16GiB")] public ByteSize DeadLetterSize { get; set; } = ByteSize.FromMebibytes(16);
}
