using System.Runtime.InteropServices;

namespace Mirror.GpuTranscode.Workers;

/// <summary>Asks the driver how much memory a GPU has left (NVIDIA Management Library). Opens no context on the GPU, so it costs none of it.</summary>
internal static partial class GpuMemory
{
    private const string Library = "libnvidia-ml.so.1";      // comes with the driver
    private const int Success = 0;                           // NVML_SUCCESS
    private static readonly Lazy<bool> IsOpen = new(Open);

    /// <summary>Free bytes of a GPU; <see langword="null"/> where the driver does not tell.</summary>
    /// <param name="gpu">Its place by PCI bus address, which workers count by as well.</param>
    public static long? FreeBytesOf(int gpu)
        => IsOpen.Value && GetHandle((uint)gpu, out nint device) == Success && GetMemory(device, out Memory memory) == Success ? (long)Math.Min(memory.Free, long.MaxValue) : null;

    private static bool Open()
    {
        try { return Initialize() == Success; }
        catch (Exception error) when (error is DllNotFoundException or EntryPointNotFoundException) { return false; }
    }

    [LibraryImport(Library, EntryPoint = "nvmlInit_v2")]
    private static partial int Initialize();

    [LibraryImport(Library, EntryPoint = "nvmlDeviceGetHandleByIndex_v2")]
    private static partial int GetHandle(uint index, out nint device);

    [LibraryImport(Library, EntryPoint = "nvmlDeviceGetMemoryInfo")]
    private static partial int GetMemory(nint device, out Memory memory);

    /// <summary>nvmlMemory_t: total, free and used bytes.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private readonly struct Memory
    {
        private readonly ulong _total;
        public readonly ulong Free;
        private readonly ulong _used;
    }
}
