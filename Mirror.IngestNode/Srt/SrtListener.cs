using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Extensions.Options;
using Mirror.IngestNode.Admission;
using Mirror.IngestNode.Streams;
using Mirror.Streams.Registry;

namespace Mirror.IngestNode.Srt;

/// <summary>The SRT listener: every publisher of this node, on one UDP port.</summary>
/// <remarks>
/// 1. Several UDP sockets share the port, each with a libsrt listener and receive worker. 2. The listen callback decides on a caller
/// during its handshake: name, place, passphrase. 3. One thread accepts and hands connections to the receive loops, which do the rest.
/// Handshakes that fail after step 2 (a wrong passphrase is only found then) are noticed by that thread and logged.
/// </remarks>
internal sealed unsafe partial class SrtListener : IHostedService, IDisposable
{
    private const int Backlog = 256;
    private const int AcceptTimeoutMilliseconds = 100;       // how long a failed handshake goes unnoticed
    private const int OldestPeer = 0x010300;                 // 1.3: the first whose handshake carries a stream ID
    private const int UdpReceiveBufferBytes = 32 * 1024 * 1024;
    private const int SmallUdpReceiveBufferBytes = 4 * 1024 * 1024;
    private const int BufferUnitBytes = 1472;                // libsrt counts its receive buffer in MSS − 28
    private const int LeastReceiveBufferPackets = 8192;      // what libsrt's senders hold at most by default, so the largest jump they can make
    private const int MostReceiveBufferPackets = int.MaxValue / BufferUnitBytes;   // the option is an int of bytes
    private const int MostAutomaticWorkers = 8;
    private const int RefusalsLoggedPerSecond = 20;
    private static readonly TimeSpan ExpectedRoundTrip = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestStall = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan HandshakeTimeout = TimeSpan.FromSeconds(5);

    private readonly SrtOptions _options;
    private readonly LiveStreamFactory _factory;
    private readonly IStreamRegistry _registry;
    private readonly StreamReporter _reporter;
    private readonly IngestListeners _ports;
    private readonly TimeProvider _time;
    private readonly ILogger<SrtListener> _logger;
    private readonly PublisherTable _publishers;
    private readonly ConcurrentDictionary<int, Handshake> _handshakes = new();
    private readonly List<int> _listeners = [];
    private readonly List<SrtReceiveLoop> _loops = [];
    private readonly byte[] _passphrase;
    private readonly int _receiveBufferPackets;
    private IDisposable? _commands;
    private GCHandle _self;
    private Thread? _acceptThread;
    private int _epoll = LibSrt.Error;
    private long _refusalSecond;
    private int _refusalsThisSecond;
    private volatile bool _stopping;

    public SrtListener(IOptions<SrtOptions> options, LiveStreamFactory factory, IStreamRegistry registry, StreamReporter reporter,
        IngestListeners ports, TimeProvider time, ILogger<SrtListener> logger)
    {
        _options = options.Value;
        _factory = factory;
        _registry = registry;
        _reporter = reporter;
        _ports = ports;
        _time = time;
        _logger = logger;
        _publishers = new PublisherTable(_options.MaxConnections, time);
        _passphrase = _options.Encryption.Enabled ? Encoding.UTF8.GetBytes(_options.Encryption.Passphrase ?? "") : [];
        _receiveBufferPackets = ReceiveBufferPackets(_options);
    }

    /// <summary>The UDP port in use; 0 until started.</summary>
    public int Port { get; private set; }

    public Task StartAsync(CancellationToken cancellationToken)
    {
        if (!_options.Enabled) { return Task.CompletedTask; }
        string version = LibSrt.Load();
        if (LibSrt.srt_startup() == LibSrt.Error) { throw new InvalidOperationException($"libsrt did not start: {LibSrt.LastErrorText()}."); }
        SrtLog.Attach(_logger);
        _self = GCHandle.Alloc(this);
        RehearseHandshake();
        int workers = _options.Workers > 0 ? _options.Workers : Math.Clamp(Environment.ProcessorCount, 1, MostAutomaticWorkers);
        int udpBuffer = Listen(workers);
        _ports.SrtPort = Port;
        for (int i = 0; i < workers; i++) { _loops.Add(new SrtReceiveLoop(i, _time, OnEnded)); }
        _reporter.Source = () => _publishers.List();
        _commands = _registry.Subscribe(OnCommand);
        _acceptThread = new Thread(AcceptLoop) { Name = "srt-accept", IsBackground = true };
        _acceptThread.Start();
        LogListening(_options.Address, Port, version, workers, _options.MaxConnections, (long)_receiveBufferPackets * BufferUnitBytes / 1024, udpBuffer / 1024);
        if (udpBuffer < SmallUdpReceiveBufferBytes) { LogSmallBuffer(udpBuffer / 1024); }
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken)
    {
        Dispose();
        return Task.CompletedTask;
    }

    public void Dispose()
    {
        if (_stopping) { return; }
        _stopping = true;
        _commands?.Dispose();
        _acceptThread?.Join();
        foreach (SrtReceiveLoop loop in _loops) { loop.Dispose(); }
        foreach (int listener in _listeners) { LibSrt.srt_close(listener); }
        if (_epoll != LibSrt.Error) { LibSrt.srt_epoll_release(_epoll); }
        if (_self.IsAllocated)
        {
            LibSrt.srt_cleanup();
            _self.Free();
        }
    }

    // ---- Listening ----

    /// <summary>Returns the packets that one connection's receive buffer holds: bitrate × (RTT + latency + the longest stall).</summary>
    /// <remarks>
    /// libsrt closes a connection if the next packet is further ahead than an empty buffer is long. That happens while the network is
    /// down, or while this machine or the sender has no processor time, because a sender skips what it could not send for a second. A
    /// buffer for the latency window alone loses the publisher then; one that holds the stall too loses packets at most, and counts them.
    /// libsrt takes the memory as packets arrive, so a stream that is read in time uses no more than its latency window needs.
    /// </remarks>
    internal static int ReceiveBufferPackets(SrtOptions options)
    {
        double packetsPerSecond = options.MaxBandwidth.BitsPerSecond / 8.0 / options.PayloadSize.Bytes;
        double heldSeconds = (ExpectedRoundTrip + options.Latency + LongestStall).TotalSeconds;
        return (int)Math.Clamp(packetsPerSecond * heldSeconds, LeastReceiveBufferPackets, MostReceiveBufferPackets);
    }

    /// <summary>
    /// Runs the handshake's code once, so that it is compiled. libsrt takes a caller's clock as it finds it when the callback returns, and
    /// delivers all that follows so much later: the tens of milliseconds of compilation would stay in the first stream's latency for ever.
    /// </summary>
    private void RehearseHandshake()
    {
        const string Name = "rehearsal";
        int socket = LibSrt.srt_create_socket();
        delegate* unmanaged[Cdecl]<nint, int, int, byte*, byte*, int> callback = &OnHandshake;
        byte* peer = stackalloc byte[SrtAddress.BufferLength];
        new ReadOnlySpan<byte>([2, 0, 0, 0, 127, 0, 0, 1]).CopyTo(new Span<byte>(peer, SrtAddress.BufferLength));   // sockaddr_in: AF_INET, port, address
        fixed (byte* streamId = "#!::r=rehearsal,m=publish\0"u8) { callback(GCHandle.ToIntPtr(_self), socket, 5, peer, streamId); }
        _handshakes.TryRemove(socket, out _);
        _publishers.Cancel(Name, socket);
        LibSrt.srt_close(socket);
    }

    private int Listen(int workers)
    {
        IPAddress address = _options.Address is "*" ? (Socket.OSSupportsIPv6 ? IPAddress.IPv6Any : IPAddress.Any) : IPAddress.Parse(_options.Address);
        (int[] descriptors, Port) = Bind(address, workers);
        _epoll = LibSrt.srt_epoll_create();
        int udpBuffer = int.MaxValue;
        foreach (int descriptor in descriptors)
        {
            int listener = LibSrt.srt_create_socket();
            _listeners.Add(listener);
            SetOptions(listener);
            if (LibSrt.srt_bind_acquire(listener, descriptor) == LibSrt.Error
                || LibSrt.srt_listen_callback(listener, &OnHandshake, GCHandle.ToIntPtr(_self)) == LibSrt.Error
                || LibSrt.srt_listen(listener, Backlog) == LibSrt.Error)
            {
                throw new InvalidOperationException($"libsrt could not listen on {_options.Address}:{Port}/udp: {LibSrt.LastErrorText()}.");
            }
            udpBuffer = Math.Min(udpBuffer, SrtUdpSockets.EnlargeReceiveBuffer(descriptor, UdpReceiveBufferBytes));
            int events = SrtEpollFlags.In | SrtEpollFlags.Error;
            LibSrt.srt_epoll_add_usock(_epoll, listener, &events);
        }
        return udpBuffer;
    }

    private (int[] Descriptors, int Port) Bind(IPAddress address, int workers)
    {
        try { return SrtUdpSockets.Bind(address, _options.Port, workers); }
        catch (SocketException error)
        {
            throw new InvalidOperationException(
                $"ingestion.srt.port {_options.Port}: cannot listen on {_options.Address}:{_options.Port}/udp ({error.Message}); choose another port, or 0 for a free one.", error);
        }
    }

    private void SetOptions(int listener)
    {
        LibSrt.SetOption(listener, SrtOption.ReceiveSynchronously, 0);
        LibSrt.SetOption(listener, SrtOption.SendSynchronously, 0);
        LibSrt.SetOption(listener, SrtOption.MinimumVersion, OldestPeer);
        LibSrt.SetOption(listener, SrtOption.FlowWindow, Math.Max(_options.FlowWindow, _receiveBufferPackets));   // first: it caps the buffer
        LibSrt.SetOption(listener, SrtOption.ReceiveBuffer, _receiveBufferPackets * BufferUnitBytes);
        LibSrt.SetOption(listener, SrtOption.UdpReceiveBuffer, UdpReceiveBufferBytes);
        LibSrt.SetOption(listener, SrtOption.ReceiverLatency, (int)_options.Latency.TotalMilliseconds);
        LibSrt.SetOption(listener, SrtOption.PayloadSize, (int)_options.PayloadSize.Bytes);
        LibSrt.SetOption(listener, SrtOption.PeerIdleTimeout, (int)_options.PeerIdleTimeout.TotalMilliseconds);
        LibSrt.SetOption(listener, SrtOption.MaxBandwidth, _options.MaxBandwidth.BytesPerSecond);       // bytes a second
        LibSrt.SetOption(listener, SrtOption.InputBandwidth, _options.InputBandwidth.BytesPerSecond);   // bytes a second
        LibSrt.TrySetOption(listener, SrtOption.Ipv6Only, 0);
    }

    // ---- The handshake: on libsrt's receive worker, where every packet waits ----

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int OnHandshake(nint opaque, int socket, int version, byte* peer, byte* streamId)
    {
#pragma warning disable CA1031 // no exception may unwind into libsrt
        try
        {
            return GCHandle.FromIntPtr(opaque).Target is SrtListener listener && listener.Decide(socket, peer, streamId) ? 0 : LibSrt.Error;
        }
        catch (Exception)
        {
            LibSrt.srt_setrejectreason(socket, (int)SrtRejection.Down);
            return LibSrt.Error;
        }
#pragma warning restore CA1031
    }

    private bool Decide(int socket, byte* peerAddress, byte* streamIdText)
    {
        ReadOnlySpan<byte> text = streamIdText is null ? [] : MemoryMarshal.CreateReadOnlySpanFromNullTerminated(streamIdText);
        if (text.Length > SrtStreamId.LongestBytes) { text = text[..SrtStreamId.LongestBytes]; }
        IPEndPoint peer = SrtAddress.Parse(new ReadOnlySpan<byte>(peerAddress, SrtAddress.BufferLength));
        if (_stopping) { return Refuse(socket, peer, "", SrtRejection.Down, "Mirror is shutting down"); }
        SrtStreamId? id = SrtStreamId.Parse(Encoding.UTF8.GetString(text), _options, out SrtRejection rejection, out string reason);
        if (id is null || !_publishers.TryReserve(id.Resource, socket, out rejection, out reason))
        {
            return Refuse(socket, peer, id?.Resource ?? "", rejection, reason);
        }
        if (_passphrase.Length > 0
            && !(LibSrt.TrySetOption(socket, SrtOption.Passphrase, _passphrase) && LibSrt.TrySetOption(socket, SrtOption.KeyLength, _options.Encryption.KeyLength / 8)))
        {
            _publishers.Cancel(id.Resource, socket);
            return Refuse(socket, peer, id.Resource, SrtRejection.Down, "libsrt refused the passphrase option");
        }
        _handshakes[socket] = new Handshake(id.Resource, peer, _time.GetTimestamp());
        return true;
    }

    private bool Refuse(int socket, IPEndPoint peer, string stream, SrtRejection rejection, string reason)
    {
        LibSrt.srt_setrejectreason(socket, (int)rejection);
        LogRefusal(peer, stream, rejection, reason);
        return false;
    }

    /// <summary>One line a refusal, up to a number a second: a flood of callers must not become a flood of lines.</summary>
    private void LogRefusal(IPEndPoint peer, string stream, SrtRejection rejection, string reason)
    {
        IngestMetrics.Refused.Add(1, new KeyValuePair<string, object?>("code", (int)rejection));
        long second = _time.GetUtcNow().ToUnixTimeSeconds();
        if (Interlocked.Exchange(ref _refusalSecond, second) != second)
        {
            int suppressed = Interlocked.Exchange(ref _refusalsThisSecond, 0) - RefusalsLoggedPerSecond;
            if (suppressed > 0) { LogRefusalsSuppressed(suppressed); }
        }
        if (Interlocked.Increment(ref _refusalsThisSecond) <= RefusalsLoggedPerSecond) { LogRefused(peer, stream, (int)rejection, reason); }
    }

    // ---- Accepting ----

    private void AcceptLoop()
    {
        SrtEpollEvent* events = stackalloc SrtEpollEvent[MostAutomaticWorkers * 4];
        while (!_stopping)
        {
            int ready = Math.Min(LibSrt.srt_epoll_uwait(_epoll, events, MostAutomaticWorkers * 4, AcceptTimeoutMilliseconds), MostAutomaticWorkers * 4);
            for (int i = 0; i < ready; i++)
            {
                while (TryAccept(events[i].Socket)) { }
            }
            ForgetFailedHandshakes();
        }
    }

    private bool TryAccept(int listener)
    {
        byte* address = stackalloc byte[SrtAddress.BufferLength];
        int length = SrtAddress.BufferLength;
        int socket = LibSrt.srt_accept(listener, address, &length);
        if (socket == LibSrt.InvalidSocket) { return false; }
        IPEndPoint peer = SrtAddress.Parse(new ReadOnlySpan<byte>(address, Math.Clamp(length, 0, SrtAddress.BufferLength)));
        LiveStream? stream = _handshakes.TryRemove(socket, out Handshake? handshake)
            ? _publishers.Admit(handshake.StreamId, socket, id => _factory.Create(id, peer, LeastLoaded(), _options.ReconnectWindow))
            : null;
        if (stream is null)
        {
            LibSrt.srt_close(socket);
            return true;
        }
        TimeSpan latency = TimeSpan.FromMilliseconds(Math.Max(0, LibSrt.GetOption(socket, SrtOption.ReceiverLatency)));
        stream.Loop.Attach(new SrtConnection(socket, peer, latency, (long)_receiveBufferPackets * BufferUnitBytes) { Stream = stream });
        return true;
    }

    private SrtReceiveLoop LeastLoaded()
    {
        SrtReceiveLoop loop = _loops.MinBy(candidate => candidate.Load)!;
        loop.Reserve();
        return loop;
    }

    private void ForgetFailedHandshakes()
    {
        foreach ((int socket, Handshake handshake) in _handshakes)
        {
            bool failed = LibSrt.srt_getsockstate(socket) >= SrtSocketState.Broken;
            if (!failed && _time.GetElapsedTime(handshake.StartedAt) < HandshakeTimeout) { continue; }
            if (!_handshakes.TryRemove(socket, out _)) { continue; }
            int reject = LibSrt.srt_getrejectreason(socket);
            _publishers.Cancel(handshake.StreamId, socket);
            string reason = (SrtRejection)reject switch
            {
                SrtRejection.WrongPassphrase => "wrong passphrase",
                SrtRejection.PassphraseMismatch => _passphrase.Length > 0 ? "a passphrase is required" : "the caller encrypts, but ingestion.srt.encryption is off",
                _ => "the caller vanished during the handshake",
            };
            LogRefusal(handshake.Peer, handshake.StreamId, (SrtRejection)reject, reason);
        }
    }

    // ---- Streams ----

    private void OnEnded(LiveStream stream)
    {
        _publishers.Remove(stream);
        _reporter.Notify();
    }

    private void OnCommand(StreamCommand command)
    {
        if (command.Action == StreamAction.Stop && _publishers.Find(command.StreamId) is { } stream) { stream.Loop.Stop(stream, "stopped through the API"); }
    }

    private sealed record Handshake(string StreamId, IPEndPoint Peer, long StartedAt);

    [LoggerMessage(Level = LogLevel.Information, Message = "SRT listens on {Address}:{Port}/udp (libsrt {Version}, {Workers} workers, {Streams} streams, receive buffer {BufferKiB} KiB a stream, kernel buffer {UdpKiB} KiB a worker)")]
    private partial void LogListening(string address, int port, string version, int workers, int streams, long bufferKiB, int udpKiB);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The kernel gives SRT only {UdpKiB} KiB of UDP receive buffer: bursts above that are lost. Raise it with: sysctl -w net.core.rmem_max=67108864")]
    private partial void LogSmallBuffer(int udpKiB);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Refused SRT caller {Peer} for stream '{Stream}' with code {Code}: {Reason}")]
    private partial void LogRefused(IPEndPoint peer, string stream, int code, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Refused {Count} more SRT callers in the last second")]
    private partial void LogRefusalsSuppressed(int count);
}
