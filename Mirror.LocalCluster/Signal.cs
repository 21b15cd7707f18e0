using System.Runtime.InteropServices;

namespace Mirror.LocalCluster;

/// <summary>Signals of Linux that .NET has no name for.</summary>
public enum Signal
{
    /// <summary>SIGKILL: gone at once.</summary>
    Kill = 9,

    /// <summary>SIGTERM: asked to stop.</summary>
    Terminate = 15,

    /// <summary>SIGCONT: goes on.</summary>
    Continue = 18,

    /// <summary>SIGSTOP: stands still until it is told to go on.</summary>
    Stop = 19,
}

internal static partial class NativeProcess
{
    /// <summary>Sends a signal to a process.</summary>
    public static void Send(int processId, Signal signal) => _ = kill(processId, (int)signal);

    [LibraryImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int kill(int processId, int signal);
}
