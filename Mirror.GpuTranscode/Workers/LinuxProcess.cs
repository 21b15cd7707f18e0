using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Mirror.GpuTranscode.Workers;

/// <summary>What a worker asks of the kernel about itself.</summary>
internal static partial class LinuxProcess
{
    private const int PrSetPdeathsig = 1;                    // prctl(2)
    private const int SigKill = 9;
    private const int PrioProcess = 0;                       // setpriority(2)
    private const int MoreNiceness = 5;                      // than its node has: a third of the processor beside ingest, packaging and delivery when there is not enough
    private const int RlimitCore = 4;                        // setrlimit(2)
    private const int SolSocket = 1;                         // socket(7)
    private const int SoPeerCred = 17;
    private const int UcredLength = 12;                      // pid(4) uid(4) gid(4)

    /// <summary>Ends this process when its parent ends, however that ends; false if it already did.</summary>
    /// <remarks>The kernel looks at the thread that started this process, so <see cref="WorkerCommand"/> starts all on one that stays.</remarks>
    public static bool DieWithParent(int parentId) => PrCtl(PrSetPdeathsig, SigKill, 0, 0, 0) == 0 && GetParentId() == parentId;

    /// <summary>Gives way to the processes that carry the source, is the first to go when memory runs out, and leaves no core file.</summary>
    public static void TakeSecondPlace()
    {
        SetPriority(PrioProcess, 0, GetPriority(PrioProcess, 0) + MoreNiceness);
        SetLimit(RlimitCore, default);
        try { File.WriteAllText("/proc/self/oom_score_adj", "500"); }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException) { /* a wish, no need */ }
    }

    /// <summary>Ends this process at once, whatever its threads are at.</summary>
    [LibraryImport("libc", EntryPoint = "_exit")]
    public static partial void Exit(int status);

    /// <summary>Sends standard output where standard error goes, so that both end up in the node's log.</summary>
    public static void JoinOutputToError() => Duplicate(2, 1);

    /// <summary>The process at the other end of a Unix domain socket.</summary>
    public static int PeerOf(Socket socket)
    {
        Span<byte> credentials = stackalloc byte[UcredLength];
        socket.GetRawSocketOption(SolSocket, SoPeerCred, credentials);
        return MemoryMarshal.Read<int>(credentials);
    }

    [LibraryImport("libc", EntryPoint = "prctl")]
    private static partial int PrCtl(int option, nuint argument2, nuint argument3, nuint argument4, nuint argument5);

    [LibraryImport("libc", EntryPoint = "getppid")]
    private static partial int GetParentId();

    [LibraryImport("libc", EntryPoint = "getpriority")]
    private static partial int GetPriority(int which, int who);

    [LibraryImport("libc", EntryPoint = "setpriority")]
    private static partial int SetPriority(int which, int who, int niceness);

    [LibraryImport("libc", EntryPoint = "setrlimit")]
    private static partial int SetLimit(int resource, in ResourceLimit limit);

    [LibraryImport("libc", EntryPoint = "dup2")]
    private static partial int Duplicate(int from, int to);

    [StructLayout(LayoutKind.Sequential)]
    private readonly struct ResourceLimit
    {
        private readonly nuint _current;
        private readonly nuint _most;
    }
}
