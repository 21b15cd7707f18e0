using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Mirror.IngestNode.Srt;

/// <summary>The functions of libsrt 1.5 that Mirror calls, under their C names (srtcore/srt.h).</summary>
/// <remarks>
/// The GnuTLS build is tried first: it decrypts three times faster than the OpenSSL build, and FFmpeg depends on the same one. Only one of
/// the two is ever loaded, since each keeps its own table of sockets. The last error is per thread: read it before anything else runs.
/// </remarks>
[SuppressMessage("Interoperability", "SYSLIB1054", Justification = "LibraryImport is used throughout")]
internal static unsafe partial class LibSrt
{
    public const int InvalidSocket = -1;
    public const int Error = -1;

    private const string Library = "srt";
    private const uint OldestVersion = 0x010500;
    private static readonly string[] LibraryNames = ["libsrt-gnutls.so.1.5", "libsrt.so.1.5", "libsrt-gnutls.so", "libsrt.so", "libsrt.1.5.dylib", "srt.dll"];

    static LibSrt() => NativeLibrary.SetDllImportResolver(typeof(LibSrt).Assembly, Resolve);

    /// <summary>Loads the library and checks its version.</summary>
    /// <exception cref="DllNotFoundException">It is missing or too old; the message says what to install.</exception>
    public static string Load()
    {
        uint version = srt_getversion();
        string text = $"{version >> 16}.{(version >> 8) & 0xFF}.{version & 0xFF}";
        return version >= OldestVersion
            ? text
            : throw new DllNotFoundException($"libsrt {text} is too old: Mirror needs 1.5 or newer (Debian: apt-get install libsrt1.5-gnutls).");
    }

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? path)
    {
        if (name != Library) { return 0; }
        foreach (string candidate in LibraryNames)
        {
            if (NativeLibrary.TryLoad(candidate, assembly, path, out nint handle)) { return handle; }
        }
        throw new DllNotFoundException("libsrt was not found. Run `make setup`, or on Debian and Ubuntu: apt-get install libsrt1.5-gnutls.");
    }

    [LibraryImport(Library)] public static partial uint srt_getversion();
    [LibraryImport(Library)] public static partial int srt_startup();
    [LibraryImport(Library)] public static partial int srt_cleanup();
    [LibraryImport(Library)] public static partial int srt_create_socket();
    [LibraryImport(Library)] public static partial int srt_bind_acquire(int socket, int udpSocket);
    [LibraryImport(Library)] public static partial int srt_listen(int socket, int backlog);
    [LibraryImport(Library)] public static partial int srt_listen_callback(int socket, delegate* unmanaged[Cdecl]<nint, int, int, byte*, byte*, int> hook, nint opaque);
    [LibraryImport(Library)] public static partial int srt_accept(int socket, byte* address, int* length);
    [LibraryImport(Library)] public static partial int srt_close(int socket);
    [LibraryImport(Library)] public static partial int srt_setsockflag(int socket, SrtOption option, void* value, int length);
    [LibraryImport(Library)] public static partial int srt_getsockflag(int socket, SrtOption option, void* value, int* length);
    [LibraryImport(Library)] public static partial int srt_recvmsg2(int socket, byte* buffer, int length, SrtMessageControl* control);
    [LibraryImport(Library)] public static partial int srt_getlasterror(int* systemError);
    [LibraryImport(Library)] public static partial byte* srt_getlasterror_str();
    [LibraryImport(Library)] public static partial int srt_getsockstate(int socket);
    [LibraryImport(Library)] public static partial int srt_bistats(int socket, SrtStatistics* statistics, int clear, int instantaneous);
    [LibraryImport(Library)] public static partial int srt_epoll_create();
    [LibraryImport(Library)] public static partial int srt_epoll_release(int epoll);
    [LibraryImport(Library)] public static partial int srt_epoll_add_usock(int epoll, int socket, int* events);
    [LibraryImport(Library)] public static partial int srt_epoll_remove_usock(int epoll, int socket);
    [LibraryImport(Library)] public static partial int srt_epoll_uwait(int epoll, SrtEpollEvent* events, int count, long timeoutMilliseconds);
    [LibraryImport(Library)] public static partial int srt_epoll_set(int epoll, int flags);
    [LibraryImport(Library)] public static partial int srt_getrejectreason(int socket);
    [LibraryImport(Library)] public static partial int srt_setrejectreason(int socket, int code);
    [LibraryImport(Library)] public static partial long srt_time_now();
    [LibraryImport(Library)] public static partial void srt_setloghandler(nint opaque, delegate* unmanaged[Cdecl]<nint, int, byte*, int, byte*, byte*, void> handler);
    [LibraryImport(Library)] public static partial void srt_setloglevel(int level);
    [LibraryImport(Library)] public static partial void srt_setlogflags(int flags);

    public static int LastError() => srt_getlasterror(null);

    public static string LastErrorText() => Marshal.PtrToStringUTF8((nint)srt_getlasterror_str()) ?? "unknown error";

    public static bool TrySetOption(int socket, SrtOption option, int value) => srt_setsockflag(socket, option, &value, sizeof(int)) != Error;

    public static void SetOption(int socket, SrtOption option, int value) => Check(srt_setsockflag(socket, option, &value, sizeof(int)), option);

    public static void SetOption(int socket, SrtOption option, long value) => Check(srt_setsockflag(socket, option, &value, sizeof(long)), option);

    public static bool TrySetOption(int socket, SrtOption option, ReadOnlySpan<byte> text)
    {
        fixed (byte* bytes = text) { return srt_setsockflag(socket, option, bytes, text.Length) != Error; }
    }

    public static int GetOption(int socket, SrtOption option)
    {
        int value = 0;
        int length = sizeof(int);
        return srt_getsockflag(socket, option, &value, &length) == Error ? -1 : value;
    }

    private static void Check(int result, SrtOption option, [CallerMemberName] string caller = "")
    {
        if (result == Error) { throw new InvalidOperationException($"libsrt refused option {option} ({caller}): {LastErrorText()}."); }
    }
}

/// <summary>SRT_SOCKOPT values that Mirror sets or reads.</summary>
internal enum SrtOption
{
    Mss = 0,
    SendSynchronously = 1,
    ReceiveSynchronously = 2,
    FlowWindow = 4,
    ReceiveBuffer = 6,
    UdpSendBuffer = 8,
    UdpReceiveBuffer = 9,
    MaxBandwidth = 16,
    InputBandwidth = 24,
    Passphrase = 26,
    KeyLength = 27,
    ReceiverLatency = 43,
    MinimumVersion = 45,
    PayloadSize = 49,
    EnforcedEncryption = 53,
    Ipv6Only = 54,
    PeerIdleTimeout = 55,
}

/// <summary>SRT_SOCKSTATUS.</summary>
internal static class SrtSocketState
{
    public const int Connected = 5;
    public const int Broken = 6;
}

/// <summary>Error codes of srt_getlasterror that Mirror tells apart.</summary>
internal static class SrtError
{
    public const int WouldBlockOnReceive = 6002;
}

/// <summary>SRT_EPOLL_OPT.</summary>
internal static class SrtEpollFlags
{
    public const int In = 1;
    public const int Error = 8;
    public const int EnableEmpty = 1;   // SRT_EPOLL_ENABLE_EMPTY, for srt_epoll_set
}

/// <summary>SRT_EPOLL_EVENT, 8 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct SrtEpollEvent
{
    public int Socket;
    public int Events;
}

/// <summary>SRT_MSGCTRL, 48 bytes.</summary>
[StructLayout(LayoutKind.Explicit, Size = 48)]
internal struct SrtMessageControl
{
    [FieldOffset(4)] public int TimeToLive;
    [FieldOffset(16)] public long SourceTime;
    [FieldOffset(24)] public int PacketSequence;
    [FieldOffset(28)] public int MessageNumber;

    public static SrtMessageControl Empty => new() { TimeToLive = -1, PacketSequence = -1, MessageNumber = -1 };
}

/// <summary>SRT_TRACEBSTATS, 496 bytes: the fields that Mirror reports. Totals count from the start of the connection.</summary>
[StructLayout(LayoutKind.Explicit, Size = 496)]
internal struct SrtStatistics
{
    [FieldOffset(0)] public long MillisecondsConnected;
    [FieldOffset(16)] public long PacketsReceived;
    [FieldOffset(28)] public int PacketsLostBeforeRecovery;
    [FieldOffset(68)] public int PacketsDropped;
    [FieldOffset(88)] public ulong BytesReceived;
    [FieldOffset(180)] public int PacketsRetransmitted;      // an interval counter: a total here, since Mirror never clears it
    [FieldOffset(224)] public long PacketsBelated;
    [FieldOffset(328)] public double RttMilliseconds;
    [FieldOffset(336)] public double BandwidthMbps;
    [FieldOffset(392)] public int ReceiverDelayMilliseconds;
    [FieldOffset(380)] public int PacketsInReceiveBuffer;
    [FieldOffset(348)] public int ReceiveBufferAvailableBytes;
    [FieldOffset(440)] public long UniquePacketsReceived;
    [FieldOffset(456)] public ulong UniqueBytesReceived;
}
