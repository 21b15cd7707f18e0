using System.Globalization;
using FFmpeg.AutoGen;
using Mirror.GpuTranscode.Ladder;

namespace Mirror.GpuTranscode.FFmpeg;

/// <summary>Which encoder makes a rung, and the options that it is opened with: no frame held back, key frames only where asked for.</summary>
internal sealed record EncoderOptions
{
    /// <summary>FFmpeg's name of the encoder.</summary>
    public required string Encoder { get; init; }

    /// <summary>The samples that it takes.</summary>
    public required AVPixelFormat PixelFormat { get; init; }

    /// <summary>The encoder's own options.</summary>
    public required IReadOnlyList<(string Name, string Value)> Options { get; init; }

    /// <summary>Whether the encoder ignores captions, as libx265 of FFmpeg 5.1 does. <see cref="VideoEncoder"/> then writes them.</summary>
    public bool LacksCaptions { get; init; }

    /// <summary>How many places pictures are moved, where the encoder does not say, as libx265 of FFmpeg 5.1 does not.</summary>
    public int Reordering { get; init; }

    /// <summary>Threads, a slice of the picture each.</summary>
    public int Threads { get; init; } = 1;

    /// <summary>The encoder for a rung.</summary>
    /// <param name="plan">The rung.</param>
    /// <param name="device">What does the work.</param>
    /// <param name="settings">Threads and GPU.</param>
    /// <exception cref="NotSupportedException">There is no such encoder.</exception>
    public static EncoderOptions For(RungPlan plan, TranscodeDevice device, TranscoderSettings settings)
    {
        int threads = settings.EncoderThreads > 0 ? settings.EncoderThreads : ThreadsFor(plan.Height);
        return (plan.Codec, device == TranscodeDevice.Gpu) switch
        {
            (RungCodec.H264, false) => Libx264(plan, device) with { Threads = threads },
            (RungCodec.H265, false) => Libx265(plan, threads) with { Threads = threads },
            (RungCodec.Av1, _) => Libaom(plan) with { Threads = threads },
            (RungCodec.H264 or RungCodec.H265, true) => Nvenc(plan, settings.GpuIndex),
            _ => throw new NotSupportedException($"Rung {plan.Name}: encoding to {plan.Codec} is not supported."),
        };
    }

    // zerolatency: no lookahead, no B-frames but those asked for, slices rather than frames in parallel.
    private static EncoderOptions Libx264(RungPlan plan, TranscodeDevice device) => new()
    {
        Encoder = "libx264",
        PixelFormat = device == TranscodeDevice.GpuDecode ? AVPixelFormat.AV_PIX_FMT_NV12 : AVPixelFormat.AV_PIX_FMT_YUV420P,
        Options = [("preset", plan.Preset), ("tune", "zerolatency"), ("profile", plan.Profile), ("forced-idr", "1"), ("sc_threshold", "0")],
    };

    private static EncoderOptions Libx265(RungPlan plan, int threads) => new()
    {
        Encoder = "libx265",
        LacksCaptions = true,
        Reordering = plan.BFrames > 0 ? 1 : 0,               // without a pyramid of B-frames
        PixelFormat = AVPixelFormat.AV_PIX_FMT_YUV420P,
        Options =
        [
            ("preset", plan.Preset), ("tune", "zerolatency"), ("profile", HevcProfile(plan)), ("forced-idr", "1"),
            ("x265-params", string.Create(CultureInfo.InvariantCulture,
                $"bframes={plan.BFrames}:scenecut=0:b-adapt=0:b-pyramid=0:rc-lookahead={Lookahead(plan)}:open-gop=0:repeat-headers=0:info=0:pools={threads}:frame-threads=1:log-level=error{(plan.KeyFrameInterval > TimeSpan.Zero ? "" : ":keyint=-1")}")),
        ],
    };

    // x265 does not open unless it looks further ahead than its B-frames reach.
    private static int Lookahead(RungPlan plan) => plan.BFrames == 0 ? 0 : plan.BFrames + 1;

    // libaom rather than SVT-AV1: the latter holds frames back and makes no key frame where it is asked to.
    private static EncoderOptions Libaom(RungPlan plan) => new()
    {
        Encoder = "libaom-av1",
        PixelFormat = AVPixelFormat.AV_PIX_FMT_YUV420P,
        Options =
        [
            ("usage", "realtime"), ("cpu-used", plan.Preset is "medium" or "slow" or "slower" or "veryslow" ? "7" : "8"), ("lag-in-frames", "0"), ("row-mt", "1"), ("aq-mode", "3"),
            ("minrate", plan.Bitrate.ToString(CultureInfo.InvariantCulture)), ("maxrate", plan.Bitrate.ToString(CultureInfo.InvariantCulture)),      // both alike: constant rate
        ],
    };

    private static EncoderOptions Nvenc(RungPlan plan, int gpu) => new()
    {
        Encoder = plan.Codec == RungCodec.H265 ? "hevc_nvenc" : "h264_nvenc",
        PixelFormat = AVPixelFormat.AV_PIX_FMT_CUDA,
        Options =
        [
            ("preset", "p3"), ("tune", "ull"), ("rc", "vbr"), ("profile", plan.Codec == RungCodec.H265 ? HevcProfile(plan) : plan.Profile),
            ("zerolatency", "1"), ("delay", "0"), ("forced-idr", "1"), ("no-scenecut", "1"), ("rc-lookahead", "0"), ("gpu", gpu.ToString(CultureInfo.InvariantCulture)),
        ],
    };

    // The names of H.264's profiles are those that ladders are written with.
    private static string HevcProfile(RungPlan plan) => plan.Profile == "main10" ? "main10" : "main";

    private static int ThreadsFor(int height) => Math.Min(Environment.ProcessorCount, height switch { >= 1080 => 4, >= 720 => 2, _ => 1 });
}
