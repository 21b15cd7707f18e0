using Mirror.Media.Frames;

namespace Mirror.GpuTranscode.FFmpeg;

/// <summary>Takes what the encoders make. Calls never overlap.</summary>
internal interface ITranscodeOutput
{
    /// <summary>The format of a rung's frames from here on; before its first.</summary>
    /// <param name="rung">Index of the rung in its ladder.</param>
    /// <param name="track">The format, with the decoder configuration made from the encoder's parameter sets.</param>
    void OnFormat(int rung, VideoTrack track);

    /// <summary>The next frame of a rung.</summary>
    void OnFrame(int rung, in EncodedFrame frame);
}
