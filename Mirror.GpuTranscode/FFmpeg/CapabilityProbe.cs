using System.Runtime.InteropServices;
using Mirror.Streams.Transcoding;

namespace Mirror.GpuTranscode.FFmpeg;

/// <summary>Finds out what this machine can decode and encode, by doing it. Takes a second or two; for a process of its own, since drivers crash.</summary>
internal static class CapabilityProbe
{
    private const int MostGpus = 16;

    // Each decoder beside the encoder that makes its test picture, and that encoder's options. Those of audio are only opened.
    private static readonly (string Decoder, string? Encoder, (string, string)[] Options)[] Codecs =
    [
        ("h264", "libx264", [("preset", "ultrafast"), ("tune", "zerolatency")]),
        ("hevc", "libx265", [("preset", "ultrafast"), ("tune", "zerolatency"), ("x265-params", "log-level=error:pools=1:frame-threads=1")]),
        ("libdav1d", "libaom-av1", [("usage", "realtime"), ("cpu-used", "8"), ("lag-in-frames", "0")]),
        ("mpeg2video", "mpeg2video", []),
        ("aac", null, []),
        ("opus", null, []),
        ("mp2", null, []),
        ("ac3", null, []),
    ];

    private static readonly string[] GpuEncoders = ["h264_nvenc", "hevc_nvenc"];

    /// <summary>Probes everything.</summary>
    public static TranscodeCapabilities Run()
    {
        if (!FFmpegLibraries.TryLoad(out string? reason)) { return new TranscodeCapabilities { IsAvailable = false, Reason = reason, Cores = Environment.ProcessorCount }; }
        List<string> decoders = [];
        List<string> encoders = [];
        Dictionary<string, List<byte[]>> pictures = new(StringComparer.Ordinal);
        foreach ((string decoder, string? encoder, (string, string)[] options) in Codecs)
        {
            List<byte[]> packets = encoder is null ? [] : TryEncode(encoder, options, null, out _);
            if (packets.Count > 0)
            {
                pictures[decoder] = packets;
                if (encoder != decoder) { encoders.Add(encoder!); }      // MPEG-2 is made for the test alone
            }
            if (CodecProbe.Decodes(decoder, packets, null)) { decoders.Add(decoder == "libdav1d" ? "av1" : decoder); }
        }
        bool isUsable = decoders.Contains("h264") && encoders.Contains("libx264");
        (List<GpuCapabilities> gpus, string? gpuReason) = ProbeGpus(pictures);
        return new TranscodeCapabilities
        {
            IsAvailable = isUsable,
            Reason = isUsable ? null : "FFmpeg was built without libx264 or without its H.264 decoder: install the ffmpeg package of Debian 12, which has both.",
            LibavcodecVersion = FFmpegLibraries.LibavcodecVersion,
            Decoders = decoders,
            Encoders = encoders,
            Gpus = gpus,
            GpuReason = gpuReason,
            Cores = Environment.ProcessorCount,
        };
    }

    private static List<byte[]> TryEncode(string encoder, (string, string)[] options, HardwareDevice? gpu, out string? reason)
    {
        try
        {
            reason = null;
            return CodecProbe.Encode(encoder, options, gpu);
        }
        catch (FFmpegException error)
        {
            reason = error.Message;
            return [];
        }
    }

    private static (List<GpuCapabilities> Gpus, string? Reason) ProbeGpus(Dictionary<string, List<byte[]>> pictures)
    {
        if (!NativeLibrary.TryLoad(OperatingSystem.IsWindows() ? "nvcuda.dll" : "libcuda.so.1", out nint driver))
        {
            return ([], "No NVIDIA driver is installed (libcuda.so.1 was not found), so the CPU does all the work.");
        }
        NativeLibrary.Free(driver);
        List<GpuCapabilities> gpus = [];
        for (int index = 0; index < MostGpus; index++)
        {
            try
            {
                using var gpu = new HardwareDevice(index);
                gpus.Add(ProbeGpu(index, gpu, pictures));
            }
            catch (FFmpegException error)
            {
                return (gpus, gpus.Count > 0 ? null : $"The NVIDIA driver has no GPU to offer: {error.Message}.");
            }
        }
        return (gpus, null);
    }

    private static GpuCapabilities ProbeGpu(int index, HardwareDevice gpu, Dictionary<string, List<byte[]>> pictures)
    {
        List<string> decoders = [];
        foreach ((string decoder, List<byte[]> packets) in pictures)
        {
            string name = decoder == "libdav1d" ? "av1" : decoder;       // on a GPU, FFmpeg's own decoder
            if (CodecProbe.Decodes(name, packets, gpu)) { decoders.Add(name); }
        }
        List<string> encoders = [];
        string? reason = null;
        foreach (string encoder in GpuEncoders)
        {
            if (TryEncode(encoder, [("zerolatency", "1"), ("delay", "0"), ("gpu", $"{index}")], gpu, out string? refusal).Count > 0) { encoders.Add(encoder); }
            reason ??= refusal;
        }
        string? idle = decoders.Count == 0 && encoders.Count == 0 ? $"It neither decodes nor encodes here: {reason}." : null;
        return new GpuCapabilities(index, decoders, encoders, SessionsInUse: 0, idle);
    }
}
