namespace Mirror.Streams.Transcoding;

/// <summary>What the control API asks of the node that transcodes a stream.</summary>
public interface ITranscodeNode
{
    /// <summary>What this node can decode and encode, and with what. Found out at start by opening each codec; waits for that.</summary>
    ValueTask<TranscodeCapabilities> GetCapabilitiesAsync(CancellationToken cancellationToken);

    /// <summary>How a stream's encoded renditions are doing; <see langword="null"/> if the stream isn't here.</summary>
    TranscodeState? StateOf(string streamId);

    /// <summary>The newest key frame as a JPEG picture; <see langword="null"/> if there is none, or it cannot be decoded.</summary>
    /// <param name="streamId">The stream.</param>
    /// <param name="width">Width of the picture in pixels, its shape kept; never wider than the source. <see langword="null"/> for the source's own.</param>
    /// <param name="cancellationToken">Stops waiting; a picture being made for others goes on.</param>
    ValueTask<StreamImage?> GetImageAsync(string streamId, int? width, CancellationToken cancellationToken);
}
