namespace Mirror.GpuTranscode.FFmpeg;

/// <summary>What an audio transcoder has done. Written on its thread; others may read figures a frame old.</summary>
internal sealed class AudioFigures
{
    /// <summary>Source frames taken.</summary>
    public long Units { get; set; }

    /// <summary>Source frames that could not be decoded.</summary>
    public long Errors { get; set; }

    /// <summary>Samples of silence put where the source had none.</summary>
    public long SamplesFilled { get; set; }

    /// <summary>Samples left out because others stood at their time already.</summary>
    public long SamplesTrimmed { get; set; }

    /// <summary>Frames encoded.</summary>
    public long FramesEncoded { get; set; }
}
