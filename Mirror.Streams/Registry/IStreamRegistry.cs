namespace Mirror.Streams.Registry;

/// <summary>The streams that exist, and the wish to end one. Each record has one owner: the node that its publisher is connected to.</summary>
public interface IStreamRegistry
{
    /// <summary>Writes the owner's newest snapshot.</summary>
    ValueTask PutAsync(StreamRecord record, CancellationToken cancellationToken);

    /// <summary>Removes a record.</summary>
    ValueTask RemoveAsync(string streamId, CancellationToken cancellationToken);

    /// <summary>One record; <see langword="null"/> if there is none.</summary>
    ValueTask<StreamRecord?> FindAsync(string streamId, CancellationToken cancellationToken);

    /// <summary>All records, by name.</summary>
    ValueTask<IReadOnlyList<StreamRecord>> ListAsync(CancellationToken cancellationToken);

    /// <summary>Asks the owner to act. At least once, so commands are idempotent.</summary>
    /// <returns><see langword="false"/> when no such stream exists.</returns>
    ValueTask<bool> SendAsync(StreamCommand command, CancellationToken cancellationToken);

    /// <summary>Calls <paramref name="handler"/> for each command to a stream of this node, until the result is disposed.</summary>
    IDisposable Subscribe(Action<StreamCommand> handler);

    /// <summary>Writes a node's newest snapshot; it is gone <see cref="NodeLifetime"/> after the last write.</summary>
    ValueTask PutNodeAsync(NodeRecord node, CancellationToken cancellationToken);

    /// <summary>Removes a node that stops.</summary>
    ValueTask RemoveNodeAsync(string nodeId, CancellationToken cancellationToken);

    /// <summary>The nodes that live, by id.</summary>
    ValueTask<IReadOnlyList<NodeRecord>> ListNodesAsync(CancellationToken cancellationToken);

    /// <summary>Writes who transcodes a stream; gone <see cref="NodeLifetime"/> after the last write.</summary>
    ValueTask PutTranscodeAsync(TranscodeRecord transcode, CancellationToken cancellationToken);

    /// <summary>Removes what <see cref="PutTranscodeAsync"/> wrote.</summary>
    ValueTask RemoveTranscodeAsync(string streamId, CancellationToken cancellationToken);

    /// <summary>Who transcodes which stream, by stream.</summary>
    ValueTask<IReadOnlyList<TranscodeRecord>> ListTranscodesAsync(CancellationToken cancellationToken);

    /// <summary>How long what a node wrote of itself outlives it.</summary>
    static TimeSpan NodeLifetime => TimeSpan.FromSeconds(5);

    /// <summary>
    /// How long a stream's record outlives its owner at least: its publisher may come back to another node meanwhile. Where
    /// <see cref="StreamRecord.ReconnectWindow"/> is longer, the record stays for that long and <see cref="RecordMargin"/>.
    /// </summary>
    static TimeSpan RecordLifetime => TimeSpan.FromSeconds(45);

    /// <summary>How long after the reconnect window a record whose owner died stays, so that somebody notices and tells that the stream is over.</summary>
    static TimeSpan RecordMargin => TimeSpan.FromSeconds(15);
}

/// <summary>A wish about one stream.</summary>
/// <param name="StreamId">The stream.</param>
/// <param name="Action">What to do.</param>
public sealed record StreamCommand(string StreamId, StreamAction Action);

/// <summary>What can be asked of a stream's owner.</summary>
public enum StreamAction
{
    /// <summary>Disconnect the publisher and end the stream.</summary>
    Stop,
}
