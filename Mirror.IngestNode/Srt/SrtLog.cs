using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Mirror.IngestNode.Srt;

/// <summary>libsrt's own log lines, at debug level: what they say of a refused or lost publisher Mirror says itself, in one line.</summary>
internal static unsafe class SrtLog
{
    private const int Warning = 4;                           // syslog level: warnings and worse
    private const int MessageOnly = 1 | 2 | 4 | 8;           // no time, thread name, severity, end of line
    private static ILogger? _logger;

    public static void Attach(ILogger logger)
    {
        _logger = logger;
        LibSrt.srt_setloglevel(Warning);
        LibSrt.srt_setlogflags(MessageOnly);
        LibSrt.srt_setloghandler(0, &Write);
    }

    // Called on libsrt's threads, several at once. No exception may leave.
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Write(nint opaque, int level, byte* file, int line, byte* area, byte* message)
    {
        ILogger? logger = _logger;
        if (logger is null || !logger.IsEnabled(LogLevel.Debug)) { return; }
#pragma warning disable CA1031 // a logger that fails must not unwind into native code
        try { logger.LogDebug("libsrt: {Message}", Marshal.PtrToStringUTF8((nint)message)); }
        catch (Exception) { /* nowhere left to report it */ }
#pragma warning restore CA1031
    }
}
