using StackExchange.Redis;

namespace Mirror.Streams.Shared;

/// <summary>Names of keys and channels in Redis. What is in braces chooses the slot in a cluster: all keys of one stream are in one, as transactions need it.</summary>
internal sealed class RedisNames(string prefix)
{
    /// <summary>Hash: a stream's record, its epoch, and what was asked of its owner.</summary>
    public RedisKey Stream(string streamId) => $"{prefix}:stream:{{{streamId}}}";

    /// <summary>Sorted set: stream ids by the time of their last write, in Unix ms.</summary>
    public RedisKey Streams => $"{prefix}:streams";

    /// <summary>String: a node's record.</summary>
    public RedisKey Node(string nodeId) => $"{prefix}:node:{{{nodeId}}}";

    /// <summary>Sorted set: node ids by the time of their last write, in Unix ms.</summary>
    public RedisKey Nodes => $"{prefix}:nodes";

    /// <summary>String: who transcodes a stream.</summary>
    public RedisKey Transcode(string streamId) => $"{prefix}:transcoder:{{{streamId}}}";

    /// <summary>Sorted set: ids of transcoded streams by the time of their last write, in Unix ms.</summary>
    public RedisKey Transcodes => $"{prefix}:transcoders";

    /// <summary>Channel: commands to streams' owners.</summary>
    public RedisChannel Commands => new($"{prefix}:commands", RedisChannel.PatternMode.Literal);

    /// <summary>List: a stream's last announcements.</summary>
    public RedisKey Log(string streamId) => $"{prefix}:log:{{{streamId}}}";

    /// <summary>String: the number of a stream's last announcement.</summary>
    public RedisKey LogSequence(string streamId) => $"{prefix}:log-sequence:{{{streamId}}}";

    /// <summary>Hash: what a newcomer must know of each rendition of a stream.</summary>
    public RedisKey LogRenditions(string streamId) => $"{prefix}:log-renditions:{{{streamId}}}";

    /// <summary>Sorted set: ids of streams with a log by the time of their last write, in Unix ms.</summary>
    public RedisKey Logs => $"{prefix}:logs";

    /// <summary>Channel: announcements.</summary>
    public RedisChannel Announcements => new($"{prefix}:announcements", RedisChannel.PatternMode.Literal);

    /// <summary>String: a lease in force.</summary>
    public RedisKey Lease(string name) => $"{prefix}:lease:{Tagged(name)}";

    /// <summary>String: the fence of the last lease of a name.</summary>
    public RedisKey Fence(string name) => $"{prefix}:fence:{Tagged(name)}";

    private static string Tagged(string name)
    {
        int slash = name.LastIndexOf('/') + 1;
        return $"{name[..slash]}{{{name[slash..]}}}";
    }
}
