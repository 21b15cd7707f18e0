using System.Net;
using System.Net.Sockets;

namespace Mirror.Streams.Tests.Servers;

/// <summary>Stands between a client and a server: lets everything through, late, or not at all.</summary>
internal sealed class TcpProxy : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _disposed = new();
    private readonly HashSet<Socket> _open = [];
    private readonly int _target;
    private volatile bool _isCut;
    private long _delayTicks;

    public TcpProxy(int target)
    {
        _target = target;
        _listener.Start();
        Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        _ = AcceptAsync();
    }

    public int Port { get; }

    /// <summary>How late every answer comes.</summary>
    public TimeSpan Delay { get => new(Interlocked.Read(ref _delayTicks)); set => Interlocked.Exchange(ref _delayTicks, value.Ticks); }

    /// <summary>Whether connections are refused. Setting it ends those that are open.</summary>
    public bool IsCut
    {
        get => _isCut;
        set
        {
            _isCut = value;
            if (value) { CloseAll(); }
        }
    }

    /// <summary>Ends all connections; new ones are taken.</summary>
    public void CloseAll()
    {
        lock (_open)
        {
            foreach (Socket socket in _open) { socket.Close(0); }
            _open.Clear();
        }
    }

    public void Dispose()
    {
        _disposed.Cancel();
        _listener.Dispose();
        CloseAll();
        _disposed.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                Socket client = await _listener.AcceptSocketAsync(_disposed.Token);
                if (_isCut) { client.Close(0); }
                else { _ = ServeAsync(client); }
            }
        }
        catch (Exception error) when (error is OperationCanceledException or SocketException or ObjectDisposedException) { /* the test is over */ }
    }

    private async Task ServeAsync(Socket client)
    {
        using Socket server = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        client.NoDelay = true;
        using (client)
        {
            lock (_open) { _open.UnionWith([client, server]); }
            try
            {
                await server.ConnectAsync(IPAddress.Loopback, _target);
                await Task.WhenAny(CopyAsync(client, server, isAnswer: false), CopyAsync(server, client, isAnswer: true));
            }
            catch (Exception error) when (error is SocketException or ObjectDisposedException) { /* one side is gone: so goes the other */ }
            lock (_open) { _open.ExceptWith([client, server]); }
        }
    }

    private async Task CopyAsync(Socket from, Socket to, bool isAnswer)
    {
        try
        {
            byte[] buffer = new byte[1 << 16];
            for (int read = await from.ReceiveAsync(buffer); read > 0; read = await from.ReceiveAsync(buffer))
            {
                if (isAnswer && Delay > TimeSpan.Zero) { await Task.Delay(Delay); }
                for (int sent = 0; sent < read;) { sent += await to.SendAsync(buffer.AsMemory(sent, read - sent)); }
            }
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException) { /* the connection is over */ }
    }
}
