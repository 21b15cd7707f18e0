using Mirror.Media.Frames;

namespace Mirror.IngestNode.Demux;

/// <summary>Takes the frames of an audio elementary stream, in order.</summary>
internal interface IAudioFrameHandler
{
    /// <summary>The next frame.</summary>
    /// <param name="track">The format in force: the same instance as long as it does not change.</param>
    /// <param name="pts33">PTS of the PES packet whose first frame this is, 33 bits; negative for the frames behind it.</param>
    /// <param name="payload">The raw frame; the handler takes over the reference.</param>
    /// <param name="sampleCount">Samples of the track's rate that it decodes to.</param>
    /// <param name="arrival">When the first byte of its PES packet arrived (UTC).</param>
    void OnAudioFrame(AudioTrack track, long pts33, MediaBuffer payload, int sampleCount, DateTime arrival);
}
