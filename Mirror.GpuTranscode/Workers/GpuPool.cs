using Mirror.GpuTranscode.FFmpeg;
using Mirror.GpuTranscode.Ladder;
using Mirror.Media.Frames;
using Mirror.Streams.Transcoding;

namespace Mirror.GpuTranscode.Workers;

/// <summary>The node's GPUs, and which streams work on each. A stream gets the one that encodes the fewest renditions. Thread-safe.</summary>
/// <param name="options">Whether to use them, how many sessions each may have, and how much memory stays free.</param>
/// <param name="freeMemory">Free bytes of a GPU, where known; default what the driver tells.</param>
internal sealed class GpuPool(TranscodeOptions options, Func<int, long?>? freeMemory = null)
{
    private static readonly string[] DriverFiles = ["/dev/nvidiactl", "/dev/dxg"];      // the latter is that of the Windows Subsystem for Linux
    private readonly Func<int, long?> _freeMemory = freeMemory ?? GpuMemory.FreeBytesOf;
    private readonly Lock _gate = new();
    private readonly Dictionary<object, (int Gpu, int Sessions)> _places = [];
    private readonly TaskCompletionSource _known = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private IReadOnlyList<GpuCapabilities> _gpus = [];

    /// <summary>Ends when the GPUs are known: at once where there is no driver of any, else after the first probe.</summary>
    public Task Known => options.GpuEnabled && Array.Exists(DriverFiles, File.Exists) ? _known.Task : Task.CompletedTask;

    /// <summary>Takes what a probe found.</summary>
    public void Learn(IReadOnlyList<GpuCapabilities> gpus)
    {
        lock (_gate) { _gpus = gpus; }
        _known.TrySetResult();
    }

    /// <summary>Renditions that a GPU encodes now.</summary>
    public int SessionsOf(int gpu)
    {
        lock (_gate) { return Sessions(gpu); }
    }

    /// <summary>Whether a GPU encodes and has a session left.</summary>
    public bool CanEncode
    {
        get { lock (_gate) { return options.GpuEnabled && _gpus.Any(gpu => gpu.Encoders.Count > 0 && (options.GpuSessions == 0 || Sessions(gpu.Index) < options.GpuSessions)); } }
    }

    /// <summary>Where a stream's ladder is to be decoded and encoded: on a GPU, in part, or on the CPU.</summary>
    /// <param name="owner">The stream, the same in every call; its earlier place is given back.</param>
    /// <param name="source">The source.</param>
    /// <param name="rungs">What is to be encoded of it.</param>
    /// <returns>The device and, where it is a GPU, CUDA's index of it.</returns>
    public (TranscodeDevice Device, int Gpu) Place(object owner, VideoTrack source, IReadOnlyList<RungPlan> rungs)
    {
        lock (_gate)
        {
            _places.Remove(owner);
            if (!options.GpuEnabled) { return (TranscodeDevice.Cpu, 0); }
            (GpuCapabilities Gpu, TranscodeDevice Device)? best = null;
            foreach (GpuCapabilities gpu in _gpus.Where(gpu => gpu.Decoders.Contains(DecoderOf(source.Codec)) && HasRoom(gpu.Index)).OrderBy(gpu => Sessions(gpu.Index)))
            {
                bool encodes = rungs.All(rung => gpu.Encoders.Contains(EncoderOf(rung.Codec))) && (options.GpuSessions == 0 || Sessions(gpu.Index) + rungs.Count <= options.GpuSessions);
                TranscodeDevice device = encodes ? TranscodeDevice.Gpu : TranscodeDevice.GpuDecode;
                // One that encodes comes before one that only decodes.
                if (best is null || (device == TranscodeDevice.Gpu && best.Value.Device != TranscodeDevice.Gpu)) { best = (gpu, device); }
            }
            if (best is not { } found) { return (TranscodeDevice.Cpu, 0); }
            _places[owner] = (found.Gpu.Index, found.Device == TranscodeDevice.Gpu ? rungs.Count : 0);
            return (found.Device, found.Gpu.Index);
        }
    }

    /// <summary>Gives a stream's place back.</summary>
    public void Release(object owner)
    {
        lock (_gate) { _places.Remove(owner); }
    }

    /// <summary>Where the driver tells nothing, its refusal to open a codec must do.</summary>
    private bool HasRoom(int gpu) => options.GpuMemoryReserve.Bytes == 0 || _freeMemory(gpu) is not { } free || free >= options.GpuMemoryReserve.Bytes;

    private int Sessions(int gpu) => _places.Values.Where(place => place.Gpu == gpu).Sum(place => place.Sessions);

    private static string DecoderOf(Codec codec) => codec switch
    {
        Codec.H265 => "hevc",
        _ => codec.ToString().ToLowerInvariant(),
    };

    private static string? EncoderOf(RungCodec codec) => codec switch
    {
        RungCodec.H264 => "h264_nvenc",
        RungCodec.H265 => "hevc_nvenc",
        _ => null,
    };
}
