using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace Mirror.EndToEnd.Srt;

/// <summary>An SRT caller on libsrt that tells how it was refused, and sends what a test wants sent.</summary>
internal sealed unsafe partial class SrtCaller : IDisposable
{
    private const string Library = "libsrt-gnutls.so.1.5";
    private const int StreamIdOption = 46;
    private const int PassphraseOption = 26;
    private const int ConnectTimeoutOption = 36;
    private readonly int _socket;
    private int _isDisposed;

    private SrtCaller(int socket) => _socket = socket;

    [ThreadStatic] private static int t_lastRejection;

    /// <summary>Why the last <see cref="TryConnect"/> of this thread failed: a reject code of SRT.</summary>
    public static int LastRejection => t_lastRejection;

    public static SrtCaller? TryConnect(int port, string streamId, string? passphrase = null, Action<int>? configure = null)
    {
        srt_startup();
        int socket = srt_create_socket();
        SetText(socket, StreamIdOption, streamId);
        if (passphrase is not null) { SetText(socket, PassphraseOption, passphrase); }
        int timeout = 5000;
        srt_setsockflag(socket, ConnectTimeoutOption, &timeout, sizeof(int));
        configure?.Invoke(socket);
        byte* address = stackalloc byte[16];
        new Span<byte>(address, 16).Clear();
        address[0] = 2;                                      // AF_INET
        BinaryPrimitives.WriteUInt16BigEndian(new Span<byte>(address + 2, 2), (ushort)port);
        address[4] = 127;
        address[7] = 1;
        if (srt_connect(socket, address, 16) == 0) { return new SrtCaller(socket); }
        t_lastRejection = srt_getrejectreason(socket);
        srt_close(socket);
        srt_cleanup();
        return null;
    }

    /// <summary>Sends bytes in messages of seven TS packets, or of another length.</summary>
    /// <returns><see langword="false"/> when the connection is gone.</returns>
    public bool Send(ReadOnlySpan<byte> bytes, int messageBytes = 1316)
    {
        while (!bytes.IsEmpty)
        {
            int length = Math.Min(bytes.Length, messageBytes);
            fixed (byte* message = bytes)
            {
                if (srt_sendmsg2(_socket, message, length, null) < 0) { return false; }
            }
            bytes = bytes[length..];
        }
        return true;
    }

    /// <summary>Sets an option before the connection, in the callback of <see cref="TryConnect"/>.</summary>
    public static void SetOption(int socket, int option, void* value, int length) => srt_setsockflag(socket, option, value, length);

    /// <summary>Hangs up. libsrt counts who uses it: what is not cleaned up by its last user is at the end of the process, when it may be half gone.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) != 0) { return; }
        srt_close(_socket);
        srt_cleanup();
    }

    private static void SetText(int socket, int option, string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        fixed (byte* value = bytes) { srt_setsockflag(socket, option, value, bytes.Length); }
    }

    [LibraryImport(Library)] private static partial int srt_startup();
    [LibraryImport(Library)] private static partial int srt_cleanup();
    [LibraryImport(Library)] private static partial int srt_create_socket();
    [LibraryImport(Library)] private static partial int srt_setsockflag(int socket, int option, void* value, int length);
    [LibraryImport(Library)] private static partial int srt_connect(int socket, byte* address, int length);
    [LibraryImport(Library)] private static partial int srt_sendmsg2(int socket, byte* message, int length, void* control);
    [LibraryImport(Library)] private static partial int srt_getrejectreason(int socket);
    [LibraryImport(Library)] private static partial int srt_close(int socket);
}
