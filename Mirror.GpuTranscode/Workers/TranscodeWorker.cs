using System.Globalization;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Mirror.GpuTranscode.Workers;

namespace Mirror.GpuTranscode;

/// <summary>A worker process: decodes and encodes one stream, so that a crash of native code takes down that stream's renditions only.</summary>
/// <remarks>
/// Started by a node as <c>transcode-worker SOCKET PARENT</c>: the name of its abstract Unix domain socket (unix(7)), and its process id.
/// Nothing of ASP.NET Core is loaded on this path, for a worker that replaces another must be at work soon.
/// </remarks>
public static class TranscodeWorker
{
    /// <summary>The first word of the command line of a worker process.</summary>
    public const string Verb = "transcode-worker";

    /// <summary>Whether a command line asks for a worker process.</summary>
    public static bool IsWanted(string[] arguments) => arguments is [Verb, ..];

    /// <summary>Works until the node closes the socket. Does not return: the process ends.</summary>
    /// <param name="arguments">The command line.</param>
    public static int Run(string[] arguments)
    {
        if (arguments is not [Verb, { } name, { } parent] || !int.TryParse(parent, NumberStyles.None, CultureInfo.InvariantCulture, out int parentId))
        {
            Console.Error.WriteLine($"mirror: {Verb} is for Mirror's own use.");
            return 2;
        }
        if (!LinuxProcess.DieWithParent(parentId)) { return 1; }
        LinuxProcess.TakeSecondPlace();
        LinuxProcess.JoinOutputToError();
        // The node tells its workers to end by closing their sockets; signals sent to the whole group are for the node.
        using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Ignore);
        using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Ignore);
        using PosixSignalRegistration hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, Ignore);
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Connect(new UnixDomainSocketEndPoint('\0' + name));
        if (LinuxProcess.PeerOf(socket) != parentId) { return 1; }
        using var loop = new TranscodeLoop(socket);
        return loop.Run();
    }

    private static void Ignore(PosixSignalContext context) => context.Cancel = true;
}
