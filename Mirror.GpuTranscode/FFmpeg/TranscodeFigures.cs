namespace Mirror.GpuTranscode.FFmpeg;

/// <summary>What a transcoder has done. Written on its thread; others may read figures a picture old.</summary>
internal sealed class TranscodeFigures(int rungs)
{
    private readonly long[] _framesEncoded = new long[rungs];

    /// <summary>Source units taken.</summary>
    public long Units { get; set; }

    /// <summary>Frames decoded.</summary>
    public long FramesDecoded { get; set; }

    /// <summary>Source units that never became a frame: damaged, or left out by <see cref="VideoTranscoder.DecoderSkip"/>.</summary>
    public long FramesLost { get; set; }

    /// <summary>Frames left out of every rung because of <see cref="VideoTranscoder.SkipLevel"/>.</summary>
    public long FramesSkipped { get; set; }

    /// <summary>Errors of the decoder, frames decoded with damage, failures of filters and encoders.</summary>
    public long Errors { get; set; }

    /// <summary>Frames encoded of each rung, by its place in the ladder.</summary>
    public Span<long> FramesEncoded => _framesEncoded;

    /// <summary>Time in the decoder, for each unit.</summary>
    public StageTimes Decode { get; } = new();

    /// <summary>Time in the deinterlacer, and in the scaler of each rung, for each frame.</summary>
    public StageTimes Scale { get; } = new();

    /// <summary>Time in an encoder, for each frame of each rung.</summary>
    public StageTimes Encode { get; } = new();

    /// <summary>From <see cref="VideoTranscoder.Decode"/> of a unit to each of its encoded frames.</summary>
    public StageTimes Latency { get; } = new();
}
