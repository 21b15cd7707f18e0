namespace Mirror.GpuTranscode.FFmpeg;

/// <summary>Where and how a transcoder works. Plain values, which travel to a worker as JSON.</summary>
internal sealed record TranscoderSettings
{
    /// <summary>What does the work.</summary>
    public TranscodeDevice Device { get; init; }

    /// <summary>CUDA's index of the GPU.</summary>
    public int GpuIndex { get; init; }

    /// <summary>Whether the CPU takes over where the GPU cannot: at start, or after a failure.</summary>
    public bool AllowSoftwareFallback { get; init; } = true;

    /// <summary>How late a frame may be decoded before some are left out; the worker's <c>LagController</c> decides which.</summary>
    public TimeSpan MaxLag { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>Threads of the decoder, which share the slices of a picture; 0 chooses by picture size.</summary>
    public int DecoderThreads { get; init; }

    /// <summary>Threads that scale a picture together; 0 chooses by picture size.</summary>
    public int FilterThreads { get; init; }

    /// <summary>Threads of each encoder, one slice of a picture each; 0 chooses by picture size.</summary>
    public int EncoderThreads { get; init; }
}

/// <summary>What decodes, scales and encodes.</summary>
internal enum TranscodeDevice
{
    /// <summary>The CPU does everything.</summary>
    Cpu,

    /// <summary>Decoded, scaled and encoded on the GPU; frames never leave it.</summary>
    Gpu,

    /// <summary>Decoded and scaled on the GPU, encoded on the CPU: for GPUs without an encoder.</summary>
    GpuDecode,
}
