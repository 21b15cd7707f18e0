using Mirror.Media.Frames;

namespace Mirror.GpuTranscode.FFmpeg;

/// <summary>Takes what an audio encoder makes. Calls never overlap.</summary>
internal interface IAudioOutput
{
    /// <summary>The format of the frames; before the first, and never again.</summary>
    void OnAudioFormat(AudioTrack track);

    /// <summary>The next frame.</summary>
    void OnAudioFrame(in EncodedAudio frame);
}
