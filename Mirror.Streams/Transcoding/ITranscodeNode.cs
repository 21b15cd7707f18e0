namespace Mirror.Streams.Transcoding;

/// <summary>What the control API asks of the node that transcodes a stream.</summary>
public interface ITranscodeNode
{
    /// <summary>What this node can decode and encode, and with what. Found out at start by opening each codec; waits for that.</summary>
    ValueTask<TranscodeCapabilities> GetCapabilitiesAsync(CancellationToken cancellationToken);

    /// <summary>How a stream's encoded renditions are doing; <see langword="null"/> if the stream isn't here.</summary>
    TranscodeState? StateOf(string streamId);

    /// <summary>The newest key frame as a JPEG picture; <see langword="null"/> if there is none, or it cannot be decoded.</summary>
    ValueTask<StreamImage?> GetImageAsync(string streamId, CancellationToken cancellationToken);
}
